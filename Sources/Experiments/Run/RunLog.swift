import Foundation
import Logging
import Storage

/// `log.jsonl`: what happened, one JSON object a line.
final class RunLog: Sendable {
    private let logger: Logger

    /// - Parameter fields: of every entry.
    init(path: String, _ fields: [String: String] = [:]) throws(StorageError) {
        let lines = try JSONLines(path: path)
        logger = Logger(label: "ntk.run") { _ in
            JSONLogHandler(lines: lines, metadata: fields.mapValues { .string($0) })
        }
    }

    func info(_ message: String, _ fields: [String: String] = [:]) {
        logger.info("\(message)", metadata: fields.mapValues { .string($0) })
    }

    func warning(_ message: String) { logger.warning("\(message)") }
}

/// Writes log entries as JSON lines.
private struct JSONLogHandler: LogHandler {
    let lines: JSONLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var entry = ["time": Date().ISO8601Format(), "level": event.level.rawValue, "message": "\(event.message)"]
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }) {
            entry[key] = "\(value)"
        }
        // A log that cannot be written must not end a run.
        try? lines.append(entry)
    }
}
