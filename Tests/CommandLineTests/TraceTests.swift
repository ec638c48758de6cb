import Foundation
import Testing

/// What `--trace` and `--prometheus` write.
@Suite struct TraceTests {
    private struct Event: Decodable {
        let name: String
        let ph: String
        let pid: Int
        var tid: Int?
        var cat: String?
        var ts: Double?
        var dur: Double?
    }

    private struct Trace: Decodable {
        let traceEvents: [Event]
    }

    private static let sections = "attacks: [{name: fgsm, eps: 0.1}]"

    private static func events(_ run: SmallRun) throws -> [Event] {
        try JSONDecoder().decode(Trace.self, from: Data(try run.folder.read("run/trace.json"))).traceEvents
    }

    @Test func stagesAndTiles() throws {
        let run = try SmallRun(compute: "{backend: cpu, tile: 10}", sections: Self.sections)
        let result = try run("--trace")
        #expect(result.code == 0, "\(result.error)")
        let events = try Self.events(run)
        let spans = events.filter { $0.ph == "X" }
        #expect(spans.allSatisfy { ($0.ts ?? -1) >= 0 && ($0.dur ?? -1) >= 0 })
        let stages = spans.filter { $0.cat == "stage" }
        #expect(Set(stages.map(\.name)).isSuperset(of: ["data", "kernel", "regression", "predictions"]))
        let tiles = spans.filter { $0.cat == "tile" }
        // 30 points in tiles of 10: six on and below the diagonal.
        #expect(tiles.map(\.name).sorted() == (0..<6).map { "gram \($0)" })
        let kernel = try #require(stages.first { $0.name == "kernel" })
        let (begin, end) = (kernel.ts ?? 0, (kernel.ts ?? 0) + (kernel.dur ?? 0))
        // Ends are taken one after the other, so a tile may seem to begin a little before its stage.
        for tile in tiles {
            let start = tile.ts ?? 0
            #expect(start >= begin - 1000 && start + (tile.dur ?? 0) <= end + 1000)
        }
        #expect(events.filter { $0.ph == "C" }.count == 6)
        #expect(Set(events.filter { $0.ph == "M" }.map(\.pid)) == [0, 1])
    }

    @Test func notAskedFor() throws {
        let run = try SmallRun()
        #expect(try run().code == 0)
        #expect(!FileManager.default.fileExists(atPath: run.folder("run/trace.json")))
    }

    /// Commands of an OpenCL device, on the host's clock.
    @Test func commands() throws {
        let run = try SmallRun(compute: "{backend: opencl}", sections: Self.sections)
        guard try run.program("devices").output.contains("  opencl  ") else { return }
        let result = try run("--trace")
        #expect(result.code == 0, "\(result.error)")
        let spans = try Self.events(run).filter { $0.ph == "X" }
        let commands = spans.filter { $0.cat == "command" }
        #expect(commands.contains { $0.name.hasPrefix("Covariance/scalar_") })
        #expect(commands.contains { $0.name == "Attack/sign_step" })
        #expect(commands.allSatisfy { $0.pid == 1 && $0.tid == 1 })
        let end = spans.filter { $0.cat == "stage" }.map { ($0.ts ?? 0) + ($0.dur ?? 0) }.max() ?? 0
        #expect(commands.allSatisfy { ($0.ts ?? 0) + ($0.dur ?? 0) <= end + 1000 })
        let kernel = try #require(spans.first { $0.cat == "stage" && $0.name == "kernel" })
        let first = try #require(commands.first { $0.name.hasPrefix("Covariance/scalar_") })
        #expect((first.ts ?? 0) >= (kernel.ts ?? 0) - 1000)
    }

    @Test func prometheus() throws {
        let run = try SmallRun(sections: Self.sections)
        let result = try run("--prometheus", run.folder("ntk.prom"))
        #expect(result.code == 0, "\(result.error)")
        let text = String(decoding: try run.folder.read("ntk.prom"), as: UTF8.self)
        let lines = text.split(separator: "\n")
        for line in lines where !line.hasPrefix("#") {
            #expect(
                line.wholeMatch(of: /ntk_run_[a-z_]+\{run="run"(,[a-z]+="[^"]+")?\} [0-9.e+-]+/) != nil, "\(line)")
        }
        #expect(lines.contains("ntk_run_state{run=\"run\",state=\"done\"} 1"))
        #expect(lines.contains("ntk_run_state{run=\"run\",state=\"running\"} 0"))
        #expect(lines.contains { $0.hasPrefix("ntk_run_stage_seconds{run=\"run\",stage=\"kernel\"} ") })
    }

    @Test func metricsThatCannotBeWritten() throws {
        let run = try SmallRun()
        let path = run.folder("absent/ntk.prom")
        let result = try run("--prometheus", path)
        #expect(result.code == 74)
        #expect(result.error.contains(path))
    }
}
