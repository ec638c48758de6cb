import Compute
import Dispatch
import Foundation
import Scheduling
import Synchronization

/// When the stages of a run, the tiles and the commands of the devices began and ended: `trace.json`.
///
/// The format is Chrome's trace events, which Perfetto and `chrome://tracing` open. Process 0 is the run with its
/// stages. Every device is a process of its own, with its tiles in thread 0 and its commands in thread 1, each command
/// with the microseconds that it waited in the queue and on the device, and a counter of its pairs per second.
package final class RunTrace: Sendable {
    /// Nanoseconds of the host's clock.
    private let origin = DispatchTime.now().uptimeNanoseconds
    private let events = Mutex<[PlainValue]>([])

    package init() {}

    /// A stage that ends now.
    func addStage(_ name: String, seconds: Double) {
        add(name, "stage", process: 0, thread: 0, seconds: seconds)
    }

    /// A tile that ends now.
    /// - Parameters:
    ///   - label: what it is a tile of.
    ///   - device: position in the run's devices.
    func addTile(_ tile: Tile, of label: String, device: Int, seconds: Double) {
        let rate = Double(tile.pairs) / max(seconds, 1e-9)
        let arguments: PlainValue = .object([
            "rows": .text("\(tile.rows)"), "columns": .text("\(tile.columns)"), "pairs": .integer(tile.pairs),
        ])
        add("\(label) \(tile.index)", "tile", process: device + 1, thread: 0, seconds: seconds, arguments)
        add(
            .object([
                "name": .text("pairs per second"), "ph": .text("C"), "ts": .number(microseconds(now)),
                "pid": .integer(device + 1), "args": .object(["rate": .number(rate.rounded())]),
            ]))
    }

    /// The file's text.
    /// - Parameter backends: the run's devices; what they recorded since the last call is taken from them.
    func json(_ backends: [any Backend]) throws(ComputeError) -> String {
        name(process: 0, "run", threads: ["stages"])
        for (place, backend) in backends.enumerated() {
            let device = backend.device
            name(
                process: place + 1, "\(device.backend) \(device.index): \(device.name)", threads: ["tiles", "commands"])
            guard let profiling = backend as? any ProfilingBackend else { continue }
            for record in try profiling.takeProfile() { add(record, process: place + 1) }
        }
        let list = events.withLock { $0 }
        return "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" + list.map(\.json).joined(separator: ",\n") + "\n]}\n"
    }

    private var now: UInt64 { DispatchTime.now().uptimeNanoseconds }

    /// Since the trace began.
    private func microseconds(_ moment: UInt64) -> Double {
        (Double(moment) - Double(origin)) / 1000
    }

    private func add(_ event: PlainValue) { events.withLock { $0.append(event) } }

    private func add(
        _ name: String, _ category: String, process: Int, thread: Int, seconds: Double,
        _ arguments: PlainValue = .object([:])
    ) {
        let duration = seconds * 1e6
        add(span(name, category, process, thread, from: max(0, microseconds(now) - duration), duration, arguments))
    }

    private func add(_ record: CommandRecord, process: Int) {
        func microseconds(from start: UInt64, to end: UInt64) -> PlainValue {
            .number(end > start ? Double(end - start) / 1000 : 0)
        }
        add(
            span(
                record.name, "command", process, 1, from: max(0, self.microseconds(record.started)),
                record.ended > record.started ? Double(record.ended - record.started) / 1000 : 0,
                .object([
                    "queued": microseconds(from: record.queued, to: record.submitted),
                    "submitted": microseconds(from: record.submitted, to: record.started),
                ])))
    }

    private func span(
        _ name: String, _ category: String, _ process: Int, _ thread: Int, from start: Double, _ duration: Double,
        _ arguments: PlainValue
    ) -> PlainValue {
        .object([
            "name": .text(name), "cat": .text(category), "ph": .text("X"), "ts": .number(start),
            "dur": .number(duration), "pid": .integer(process), "tid": .integer(thread), "args": arguments,
        ])
    }

    private func name(process: Int, _ text: String, threads: [String]) {
        func metadata(_ kind: String, _ thread: Int, _ text: String) -> PlainValue {
            .object([
                "name": .text(kind), "ph": .text("M"), "pid": .integer(process), "tid": .integer(thread),
                "args": .object(["name": .text(text)]),
            ])
        }
        add(metadata("process_name", 0, text))
        for (thread, name) in threads.enumerated() { add(metadata("thread_name", thread, name)) }
    }
}
