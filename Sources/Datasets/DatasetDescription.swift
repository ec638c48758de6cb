/// A file as it was published.
public struct DatasetFile: Sendable, Equatable {
    /// Unpacked, e.g. `train-images-idx3-ubyte`; `.gz` after it is found as well.
    public let name: String
    /// Of the unpacked file.
    public let byteCount: Int
    /// Of the unpacked file.
    public let sha256: String
    /// Where the gzip file is served, in order of preference.
    public let urls: [String]

    package init(_ name: String, byteCount: Int, sha256: String, urls: [String] = []) {
        self.name = name
        self.byteCount = byteCount
        self.sha256 = sha256
        self.urls = urls
    }

    /// Names under which it is looked for.
    var candidates: [String] {
        var names = [name, name + ".gz"]
        // Some archives unpack `train-images-idx3-ubyte` as `train-images.idx3-ubyte`.
        let dotted = name.replacing("-idx", with: ".idx")
        if dotted != name { names += [dotted, dotted + ".gz"] }
        return names
    }
}

/// One way in which a data set's files are handed round: the full set, or an extract of it.
public struct DatasetEdition: Sendable, Equatable {
    public let name: String
    /// Indices of the classes that it holds; nil for all.
    public let classes: Set<Int>?
    /// IDX: images, labels. CIFAR-10: batches in order.
    public let train: [DatasetFile]
    public let test: [DatasetFile]
    /// Folders that its archive unpacks to.
    let folders: [String]
    /// A tar.gz with all files, where it is served as one.
    let archive: DatasetFile?

    package init(
        _ name: String, classes: Set<Int>? = nil, train: [DatasetFile], test: [DatasetFile], folders: [String] = [],
        archive: DatasetFile? = nil
    ) {
        self.name = name
        self.classes = classes
        self.train = train
        self.test = test
        self.folders = folders
        self.archive = archive
    }

    public var files: [DatasetFile] { train + test }
}

/// What is known of a data set before any of its files is opened.
public struct DatasetDescription: Sendable, Equatable {
    public enum Format: Sendable, Equatable {
        case idx
        case cifar10
    }

    public let name: DatasetName
    public let format: Format
    /// In the published order.
    public let classNames: [String]
    /// [H, W, C].
    public let imageShape: [Int]
    /// The full set first, then extracts in order of preference.
    public let editions: [DatasetEdition]
    /// What a user without the data can do, e.g. `install it with apt-get install dataset-fashion-mnist`.
    public let advice: String

    package init(
        name: DatasetName, format: Format, classNames: [String], imageShape: [Int], editions: [DatasetEdition],
        advice: String
    ) {
        self.name = name
        self.format = format
        self.classNames = classNames
        self.imageShape = imageShape
        self.editions = editions
        self.advice = advice
    }
}

/// The data sets that can be had by name.
public struct DatasetRegistry: Sendable {
    public let descriptions: [DatasetDescription]

    package init(_ descriptions: [DatasetDescription]) { self.descriptions = descriptions }

    public subscript(name: DatasetName) -> DatasetDescription? { descriptions.first { $0.name == name } }

    public static let standard = DatasetRegistry([.fashionMNIST, .mnist, .cifar10])
}
