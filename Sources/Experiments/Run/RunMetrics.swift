import Foundation
import Storage

/// A text file for the collector of Prometheus's node exporter: how far a run is, rewritten as it goes on.
struct RunMetrics {
    /// Of the file.
    let path: String
    /// The run's folder, as a label.
    let run: String

    /// Puts the file where a reader sees it whole.
    func write(_ status: RunStatus, _ manifest: Manifest, warnings: Int) throws(StorageError) {
        try AtomicFile.write(Array(text(status, manifest, warnings: warnings).utf8), to: path)
    }

    func text(_ status: RunStatus, _ manifest: Manifest, warnings: Int) -> String {
        let states = [RunStatus.State.running, .done, .failed, .interrupted]
        return [
            metric(
                "ntk_run_state", "1 for the state that the run is in.",
                states.map { ([("state", $0.rawValue)], $0 == status.state ? "1" : "0") }),
            metric(
                "ntk_run_tiles", "Tiles of the stage that goes on.",
                [([("stage", status.stage)], "\(status.tilesTotal)")]),
            metric(
                "ntk_run_tiles_done", "Tiles of the stage that are done.",
                [([("stage", status.stage)], "\(status.tilesDone)")]),
            metric(
                "ntk_run_stage_seconds", "Seconds that a stage took.",
                manifest.seconds.sorted { $0.key < $1.key }.map { ([("stage", $0.key)], PlainValue.format($0.value)) }),
            metric("ntk_run_peak_memory_bytes", "Largest memory of the process.", [([], "\(ProcessMemory.peak)")]),
            metric("ntk_run_warnings", "Warnings so far.", [([], "\(warnings)")]),
            metric(
                "ntk_run_updated_seconds", "When this was written, in seconds since 1970.",
                [([], "\(Int(Date().timeIntervalSince1970))")]),
        ].joined()
    }

    private func metric(_ name: String, _ help: String, _ values: [([(String, String)], String)]) -> String {
        guard !values.isEmpty else { return "" }
        let lines = values.map { labels, value in
            let all = ([("run", run)] + labels).map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
            return "\(name){\(all)} \(value)\n"
        }
        return "# HELP \(name) \(help)\n# TYPE \(name) gauge\n" + lines.joined()
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
