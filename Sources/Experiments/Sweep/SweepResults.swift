import Foundation
import Storage

/// The results of a sweep's runs in one table: what each run sets, then what it measured.
package struct SweepResults: Sendable {
    /// In the order of the runs; each record begins with `run` and the keys that the sweep varies.
    package let records: [ResultRecord]
    /// Runs that are done, of all.
    package let done: Int
    package let total: Int
    /// The keys that the sweep varies.
    package let parameters: [String]

    /// Reads what the runs have left.
    package init(_ folder: SweepFolder) throws {
        total = folder.runs.count
        let sets = try folder.runs.map { run in
            try run.sets.map { text in
                let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                return PlainValue.Member(parts[0], try SourceNode(yaml: parts[1], override: text).plain)
            }
        }
        var keys: [String] = []
        for key in sets.joined().map(\.key) where !keys.contains(key) { keys.append(key) }
        parameters = keys
        var records: [ResultRecord] = []
        var done = 0
        for (run, members) in zip(folder.runs, sets) {
            guard try folder.status(of: run)?.state == .done else { continue }
            done += 1
            let head = [PlainValue.Member("run", .text(run.id))] + members
            for record in try RunFolder(existing: folder.folder(of: run)).records() {
                records.append(ResultRecord(fields: head + record.fields))
            }
        }
        self.records = records
        self.done = done
    }

    /// Replaces `metrics.jsonl` and `results.csv` of the sweep's folder.
    package func write(_ folder: SweepFolder) throws {
        try AtomicFile.write(records.map { $0.json + "\n" }.joined(), to: folder.path + "/metrics.jsonl")
        try AtomicFile.write(ResultRecord.csv(records), to: folder.path + "/results.csv")
    }

    /// A header and a row a record, with the columns that people look at first.
    package var rows: [[String]] {
        let measured = ["diag_reg", "time", "attack", "norm", "eps", "clean_accuracy", "robust_accuracy"].filter {
            key in
            records.contains { $0[key] != nil }
        }
        let header = ["run"] + parameters + measured
        return [header]
            + records.filter { $0.kind == nil }.map { record in
                header.map { key in
                    switch (key, record[key]) {
                    case ("eps", .number(let eps)): ResultsTable.radius(eps)
                    case ("clean_accuracy", _), ("robust_accuracy", _):
                        ResultsTable.accuracy(record.number(key), record.number("count")) ?? "-"
                    case (_, .text(let text)): text
                    case (_, let value?): value.flow
                    case (_, nil): "-"
                    }
                }
            }
    }
}
