import Storage

/// Reads IDX files of unsigned bytes, plain or gzip.
///
/// Source: "THE IDX FILE FORMAT" on the MNIST page: bytes 0, 0, the type (8 for unsigned bytes) and the number of axes;
/// then each extent as 32 bits, big endian; then the bytes, the last axis fastest.
enum IDXReader {
    struct Contents: Equatable {
        let shape: [Int]
        let bytes: [UInt8]
        /// Of the whole unpacked file.
        let sha256: String
    }

    /// - Parameter axes: how many there must be.
    static func read(_ path: String, axes: Int) throws(DatasetError) -> Contents {
        do throws(StorageError) {
            let source = try DigestingSource(FileReader.unpacking(path))
            let magic = try source.read(upTo: 4)
            guard magic.count == 4 else { throw .damaged(path, "it ends within the header") }
            guard magic[0] == 0, magic[1] == 0 else { throw .damaged(path, "it is not an IDX file") }
            guard magic[2] == 8 else {
                throw .damaged(path, "its numbers are of IDX type \(magic[2]), not unsigned bytes (8)")
            }
            guard magic[3] == axes else { throw .damaged(path, "it has \(magic[3]) axes, not \(axes)") }
            let extents = try source.read(upTo: 4 * axes)
            guard extents.count == 4 * axes else { throw .damaged(path, "it ends within the header") }
            let shape = (0..<axes).map { axis in
                extents[4 * axis..<4 * axis + 4].reduce(0) { $0 << 8 | Int($1) }
            }
            var count = 1
            for extent in shape {
                let (product, overflow) = count.multipliedReportingOverflow(by: extent)
                count = overflow ? .max : product
            }
            guard count <= source.largestSize else {
                throw .damaged(path, "its header announces \(shape), more than the file can hold")
            }
            let bytes = try source.read(upTo: count)
            guard bytes.count == count else {
                throw .damaged(path, "it holds \(bytes.count) bytes where its header announces \(count)")
            }
            guard try source.read(upTo: 1).isEmpty else {
                throw .damaged(path, "it holds more than the \(count) bytes that its header announces")
            }
            return Contents(shape: shape, bytes: bytes, sha256: try source.finish())
        } catch {
            throw DatasetError(error)
        }
    }

    /// The images [n, H, W] and the labels [n] of one split.
    static func split(
        images imagesPath: String, labels labelsPath: String, shape: [Int], classCount: Int
    ) throws(DatasetError) -> (images: LabelledImages, sha256: [String]) {
        let labels = try read(labelsPath, axes: 1)
        let images = try read(imagesPath, axes: 3)
        guard images.shape.dropFirst().elementsEqual(shape.prefix(2)) else {
            throw .damaged(
                imagesPath, "its images are \(images.shape[1]) × \(images.shape[2]), not \(shape[0]) × \(shape[1])")
        }
        guard images.shape[0] == labels.shape[0] else {
            throw .damaged(labelsPath, "it holds \(labels.shape[0]) labels for \(images.shape[0]) images")
        }
        if let position = labels.bytes.firstIndex(where: { $0 >= classCount }) {
            throw .damaged(labelsPath, "label \(position) is \(labels.bytes[position]), not 0 to \(classCount - 1)")
        }
        let split = LabelledImages(
            shape: shape, layout: .interleaved, labels: labels.bytes.map(Int.init), pixels: images.bytes)
        return (split, [images.sha256, labels.sha256])
    }
}
