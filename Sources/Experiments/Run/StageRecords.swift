import Foundation
import Storage

/// Records of stages that are done, `stages/<stage>.jsonl`, so that a run that was stopped does not do them again.
///
/// They are written when a stage's arrays stand in their places, and removed once `metrics.jsonl` holds them all.
struct StageRecords: Sendable {
    private let folder: RunFolder

    init(_ folder: RunFolder) { self.folder = folder }

    private var root: String { folder.path + "/stages" }

    /// The records of a stage; nil where it is not done.
    func read(_ stage: String) throws(RunFolderError) -> [ResultRecord]? { try folder.records(in: file(stage)) }

    func write(_ records: [ResultRecord], of stage: String) throws {
        try Folder.make(root)
        try folder.write(records, to: file(stage))
    }

    func remove() { try? FileManager.default.removeItem(atPath: root) }

    private func file(_ stage: String) -> String { "stages/\(stage.replacing(" ", with: "_")).jsonl" }
}
