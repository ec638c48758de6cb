import Compute

/// Which classes are used, in which order.
struct ClassSelection: Sendable, Equatable {
    /// Indices in the published order.
    let indices: [Int]
    let names: [String]

    var count: Int { indices.count }

    /// - Parameter selectors: nil or empty for all of `names`.
    init(_ selectors: [ClassSelector]?, of names: [String], in dataset: DatasetName) throws(DatasetError) {
        var indices: [Int] = []
        if let selectors, !selectors.isEmpty {
            for selector in selectors { indices.append(try Self.index(of: selector, in: names, dataset)) }
        } else {
            indices = Array(names.indices)
        }
        for (position, index) in indices.enumerated() where indices[..<position].contains(index) {
            throw DatasetError(.request, "data.classes names class \(names[index]) twice; leave one out")
        }
        guard indices.count >= 2 else {
            throw DatasetError(
                .request, "data.classes leaves \(indices.count) class of \(dataset.rawValue); name at least two")
        }
        self.indices = indices
        self.names = indices.map { names[$0] }
    }

    private static func index(
        of selector: ClassSelector, in names: [String], _ dataset: DatasetName
    ) throws(DatasetError) -> Int {
        switch selector {
        case .index(let index):
            if names.indices.contains(index) { return index }
            throw DatasetError(
                .request,
                "data.classes names class \(index), but \(dataset.rawValue) has classes 0 to \(names.count - 1)")
        case .name(let name):
            let wanted = name.lowercased()
            if let index = names.firstIndex(where: { $0.lowercased() == wanted }) { return index }
            let nearest = names.min { editDistance($0.lowercased(), wanted) < editDistance($1.lowercased(), wanted) }
            let isNear = nearest.map { editDistance($0.lowercased(), wanted) <= max(2, $0.count / 3) } ?? false
            let advice =
                isNear ? "did you mean '\(nearest ?? "")'?" : "its classes are \(names.joined(separator: ", "))"
            throw DatasetError(
                .request, "data.classes names '\(name)', which is no class of \(dataset.rawValue); \(advice)")
        }
    }

    /// The points of one split to use.
    ///
    /// - Parameters:
    ///   - labels: published class of every point, in file order.
    ///   - count: how many; nil for all, or where balanced for as many as the rarest class allows.
    ///   - split: `train` or `test`, the key in the configuration.
    /// - Returns: positions in file order, and for each its class 0 ..< k in the order of this selection.
    func points(
        labels: [Int], count: Int?, isBalanced: Bool, split: String, in dataset: DatasetName
    ) throws(DatasetError) -> (positions: [Int], labels: [Int]) {
        var order: [Int: Int] = [:]
        for (new, old) in indices.enumerated() { order[old] = new }
        var present = [Int](repeating: 0, count: self.count)
        for label in labels { if let new = order[label] { present[new] += 1 } }

        let total = isBalanced ? (present.min() ?? 0) * self.count : present.reduce(0, +)
        let wanted = count ?? total
        if isBalanced, wanted % self.count != 0 {
            throw DatasetError(
                .request,
                "data.\(split) is \(wanted), which \(self.count) classes cannot share equally; "
                    + "give a multiple of \(self.count) or leave data.balanced out")
        }
        guard wanted <= total else {
            let what = isBalanced ? "balanced points" : "points"
            let classes = names.count <= 3 ? " of classes \(names.joined(separator: ", "))" : ""
            throw DatasetError(
                .request,
                "data.\(split) asks for \(wanted) \(what), but the files of \(dataset.rawValue) that were found "
                    + "hold \(total)\(classes); ask for fewer or provide the full set")
        }
        var quota = [Int](repeating: isBalanced ? wanted / self.count : wanted, count: self.count)
        var positions: [Int] = []
        var chosen: [Int] = []
        for (position, label) in labels.enumerated() {
            if chosen.count == wanted { break }
            guard let new = order[label], quota[new] > 0 else { continue }
            quota[new] -= 1
            positions.append(position)
            chosen.append(new)
        }
        return (positions, chosen)
    }
}

extension TargetEncoding {
    /// [n, 1] with −1 and +1 for two classes, else [n, k].
    func targets(_ labels: [Int], classCount: Int) -> Tensor<Double> {
        if classCount == 2 { return Tensor(shape: [labels.count, 1], elements: labels.map { $0 == 0 ? -1 : 1 }) }
        let low = self == .centred ? -1 / Double(classCount) : 0
        var targets = Tensor<Double>(shape: [labels.count, classCount], repeating: low)
        for (row, label) in labels.enumerated() { targets.elements[row * classCount + label] = 1 + low }
        return targets
    }
}

/// Levenshtein's distance, for suggestions.
func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a)
    let b = Array(b)
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let above = row[j + 1]
            row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
            diagonal = above
        }
    }
    return row[b.count]
}
