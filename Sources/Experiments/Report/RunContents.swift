import Compute
import Datasets
import Foundation
import Storage

/// What a run folder holds, as its report reads it.
struct RunContents: Sendable {
    let folder: RunFolder
    let configuration: Configuration
    let manifest: Manifest
    /// nil for a run that is at its end.
    let unfinished: RunStatus?
    let records: [ResultRecord]
    /// Sentences of the log, in order, each once.
    let warnings: [String]

    init(_ folder: RunFolder, isFinished: Bool) throws(RunFolderError) {
        self.folder = folder
        configuration = try folder.configuration()
        manifest = try folder.manifest()
        let status = try folder.status()
        unfinished = isFinished || status?.state == .done ? nil : status
        records = try folder.records()
        warnings = try folder.warnings()
    }

    /// Records of one kind; nil for those of attacks and times.
    func records(_ kind: RecordKind?) -> [ResultRecord] { records.filter { $0.kind == kind } }

    /// An array of the folder, nil where it was not saved.
    /// - Parameter rows: how many rows of its first axis are wanted at most.
    func array(_ name: String, rows: Int? = nil) throws(StorageError) -> Tensor<Double>? {
        let path = folder.array(name)
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        switch try NPY.read(path, rows: rows) {
        case .floating(let tensor, _): return tensor
        case .integer(let tensor): return Tensor(shape: tensor.shape, elements: tensor.elements.map { Double($0) })
        }
    }
}

extension RunFolder {
    /// What `log.jsonl` warns of.
    fileprivate func warnings() throws(RunFolderError) -> [String] {
        guard let bytes = try read("log.jsonl") else { return [] }
        var sentences: [String] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            // The log is for people: a line that a crash cut off takes nothing from the report.
            guard let entry = ResultRecord(json: String(line)), entry.text("level") == "warning",
                let sentence = entry.text("message"), !sentences.contains(sentence)
            else { continue }
            sentences.append(sentence)
        }
        return sentences
    }
}

extension RunContents {
    /// Training points and test points, where the folder says how many.
    var trainCount: Int? { manifest.points?["train"] ?? configuration.data.train }
    var testCount: Int? {
        manifest.points?["test"] ?? records.lazy.compactMap { $0.number("count") }.first.map { Int($0) }
    }

    /// Names of the classes in the order of the labels; indices where nothing names them.
    func className(_ index: Int) -> String {
        let known = DatasetRegistry.standard[configuration.data.name]?.classNames
        guard let classes = configuration.data.classes else {
            return known.flatMap { $0.indices.contains(index) ? $0[index] : nil } ?? "\(index)"
        }
        guard classes.indices.contains(index) else { return "\(index)" }
        switch classes[index] {
        case .name(let name): return name
        case .index(let number): return known.flatMap { $0.indices.contains(number) ? $0[number] : nil } ?? "\(number)"
        }
    }

    /// What the outputs of one point say.
    func predictedClass(_ outputs: ArraySlice<Double>) -> String {
        guard outputs.count > 1 else { return className((outputs.first ?? 0) > 0 ? 1 : 0) }
        let best = outputs.indices.max { outputs[$0] < outputs[$1] } ?? outputs.startIndex
        return className(best - outputs.startIndex)
    }

    /// The end of every caption: data, n, method, precision, device.
    /// - Parameter net: nil where the caption or the picture names the nets.
    func setting(net: String?, ridges: [Double]) -> String {
        let data = configuration.data
        let classes = data.classes.map { $0.indices.map { className($0) }.joined(separator: ", ") }
        var parts = [data.name.rawValue + (classes.map { " (\($0))" } ?? "")]
        if let n = trainCount { parts.append("n = \(n.grouped) training points") }
        if let m = testCount { parts.append("\(m.grouped) test points") }
        if configuration.kernel.predicting != nil, !ridges.isEmpty {
            parts.append(configuration.kernel.type.rawValue.uppercased() + (net.map { " of \($0)" } ?? ""))
            parts.append(
                ridges == [0]
                    ? "no ridge" : "diag_reg " + ridges.map { PlainValue.format($0) }.joined(separator: ", "))
        }
        let devices = manifest.devices.map { "\($0.name) (\($0.backend))" }
        parts.append(
            configuration.compute.precision.rawValue + (devices.isEmpty ? "" : " on ") + devices.joined(separator: ", ")
        )
        return parts.joined(separator: "; ") + "."
    }
}

extension Int {
    /// `10,000`.
    var grouped: String {
        let digits = Array(String(magnitude))
        var text = ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return (self < 0 ? "\u{2212}" : "") + text
    }
}
