import Foundation

/// One measured thing: keys and values in a fixed order, a line of `metrics.jsonl` and a row of `results.csv`.
package struct ResultRecord: Sendable, Hashable {
    package private(set) var fields: [PlainValue.Member]

    package init(_ fields: KeyValuePairs<String, PlainValue>) {
        self.fields = fields.map { PlainValue.Member($0.key, $0.value) }
    }

    init(fields: [PlainValue.Member]) { self.fields = fields }

    /// Reads back a line of `metrics.jsonl`.
    init?(json line: String) {
        guard let node = try? SourceNode(yaml: line, file: ""), case .mapping(let entries) = node.value else {
            return nil
        }
        fields = entries.map { PlainValue.Member($0.key, $0.value.plain) }
    }

    package subscript(key: String) -> PlainValue? { fields.first { $0.key == key }?.value }

    /// A number, also where JSON has no word for it.
    package func number(_ key: String) -> Double? {
        switch self[key] {
        case .number(let value): value
        case .integer(let value): Double(value)
        case .text(let text): NumberText.number(text)
        default: nil
        }
    }

    package func text(_ key: String) -> String? {
        switch self[key] {
        case .text(let text): text
        case .number(let value): PlainValue.format(value)
        case .integer(let value): String(value)
        default: nil
        }
    }

    package var json: String { PlainValue.map(fields).json }

    /// A header and a row a record. Columns stand in the order in which the records first name them.
    package static func csv(_ records: [ResultRecord]) -> String {
        var columns: [String] = []
        for record in records {
            for field in record.fields where !columns.contains(field.key) { columns.append(field.key) }
        }
        let rows = records.map { record in columns.map { cell(record[$0] ?? .null) } }
        return ([columns.map(quote)] + rows).map { $0.joined(separator: ",") + "\n" }.joined()
    }

    private static func cell(_ value: PlainValue) -> String {
        switch value {
        case .null: ""
        case .text(let text): quote(text)
        case .number(let number): PlainValue.format(number)
        default: quote(value.json)
        }
    }

    /// Quotes where a comma, a quote or a line end asks for it, as RFC 4180 says.
    private static func quote(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}

extension SourceNode {
    /// JSON's reading of a node.
    var plain: PlainValue {
        switch value {
        case .sequence(let items): return .list(items.map { $0.plain })
        case .mapping(let entries): return .map(entries.map { .init($0.key, $0.value.plain) })
        case .scalar(let text, false): return .text(text)
        case .scalar(let text, true):
            if isNull { return .null }
            if text == "true" || text == "false" { return .boolean(text == "true") }
            return Int(text).map { .integer($0) } ?? NumberText.number(text).map { .number($0) } ?? .text(text)
        }
    }
}

extension RunFolder {
    /// Replaces `metrics.jsonl` and the tables: `results.csv`, and one for each kind of record that there is.
    package func write(_ records: [ResultRecord]) throws(RunFolderError) {
        try write(records, to: "metrics.jsonl")
        try write(Data(ResultRecord.csv(records.filter { $0.kind == nil }).utf8), to: "results.csv")
        for kind in RecordKind.allCases {
            let rows = records.filter { $0.kind == kind }
            if !rows.isEmpty { try write(Data(ResultRecord.csv(rows).utf8), to: kind.table) }
        }
    }

    /// Replaces a file of one record a line.
    func write(_ records: [ResultRecord], to name: String) throws(RunFolderError) {
        try write(Data(records.map { $0.json + "\n" }.joined().utf8), to: name)
    }

    /// The records of `metrics.jsonl`; none where there is no such file.
    package func records() throws(RunFolderError) -> [ResultRecord] { try records(in: "metrics.jsonl") ?? [] }

    /// The records of a file; nil where there is none.
    func records(in name: String) throws(RunFolderError) -> [ResultRecord]? {
        guard let bytes = try read(name) else { return nil }
        var records: [ResultRecord] = []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard let record = ResultRecord(json: String(line)) else {
                throw RunFolderError(.inaccessible, "'\(path)/\(name)' is damaged at line \(records.count + 1)")
            }
            records.append(record)
        }
        return records
    }
}
