import Foundation
import GRDB

/// `ledger.sqlite`: what became of each run of a sweep, and its results.
///
/// One process at a time writes it, on the host that started the sweep; workers elsewhere leave JSON lines, because
/// SQLite's locks cannot be trusted on network file systems.
package final class SweepLedger: Sendable {
    /// A row of the table `runs`.
    package struct Entry: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
        package static let databaseTableName = "runs"

        package var id: String
        /// Place in the sweep.
        package var position: Int
        package var sets: String
        package var gram: String
        package var state: String
        /// How often it was started.
        package var attempts: Int
        /// Seconds of the last attempt.
        package var seconds: Double?
        package var exitCode: Int?
        package var message: String?
    }

    private let queue: DatabaseQueue

    /// Opens the ledger of a sweep, or makes it.
    package init(_ folder: SweepFolder) throws {
        queue = try DatabaseQueue(path: folder.path + "/ledger.sqlite")
        try queue.write { db in
            try db.create(table: Entry.databaseTableName, ifNotExists: true) { table in
                table.primaryKey("id", .text)
                table.column("position", .integer).notNull()
                table.column("sets", .text).notNull()
                table.column("gram", .text).notNull()
                table.column("state", .text).notNull()
                table.column("attempts", .integer).notNull()
                table.column("seconds", .double)
                table.column("exitCode", .integer)
                table.column("message", .text)
            }
            for (position, run) in folder.runs.enumerated() where try Entry.fetchOne(db, key: run.id) == nil {
                try Entry(
                    id: run.id, position: position, sets: run.sets.joined(separator: " "), gram: run.gram,
                    state: "waiting", attempts: 0
                ).insert(db)
            }
        }
    }

    /// All runs in the order of the sweep.
    package func entries() throws -> [Entry] { try queue.read { try Entry.order(Column("position")).fetchAll($0) } }

    /// Changes the row of a run.
    package func update(_ id: String, _ change: (inout Entry) -> Void) throws {
        try queue.write { db in
            guard var entry = try Entry.fetchOne(db, key: id) else { return }
            change(&entry)
            try entry.update(db)
        }
    }

    /// Replaces the table `results`: a row a record, a column a key.
    package func replace(_ results: SweepResults) throws {
        var columns: [String] = []
        for key in results.records.flatMap(\.fields).map(\.key) where !columns.contains(key) { columns.append(key) }
        let names = columns.map { $0.quotedDatabaseIdentifier }.joined(separator: ", ")
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        try queue.write { db in
            try db.execute(sql: "DROP TABLE IF EXISTS results")
            guard !columns.isEmpty else { return }
            try db.execute(sql: "CREATE TABLE results (\(names))")
            for record in results.records {
                try db.execute(
                    sql: "INSERT INTO results VALUES (\(marks))",
                    arguments: StatementArguments(columns.map { record[$0]?.databaseValue ?? .null }))
            }
        }
    }
}

extension PlainValue {
    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .boolean(let value): value.databaseValue
        case .integer(let value): value.databaseValue
        case .number(let value): value.databaseValue
        case .text(let value): value.databaseValue
        case .list, .map: json.databaseValue
        }
    }
}
