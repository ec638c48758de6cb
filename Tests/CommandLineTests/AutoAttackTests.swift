import Foundation
import Testing

/// `attacks: [{name: auto}]`, killed behind its parts: what they found is taken up, and the bytes are the same.
@Suite struct AutoAttackTests {
    private static func make() throws -> SmallRun {
        try SmallRun(
            train: 60, test: 20,
            sections: """
                inference: {diag_reg: 1e-3}
                attacks: [{name: auto, eps: [0.01, 0.03], clip: [0, 1]}]
                save: [adversarial]
                """)
    }

    private static func bytes(_ run: SmallRun) throws -> [String: [UInt8]] {
        let names = ["metrics.jsonl", "results.csv"] + run.arrays.map { "arrays/\($0).npy" }
        return Dictionary(uniqueKeysWithValues: try names.map { ($0, try run.folder.read("run/" + $0)) })
    }

    /// Parts whose points are kept.
    private static func parts(_ run: SmallRun) -> [String] {
        let folder = run.folder("run/stages/attack_auto_t=inf")
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.filter { $0.hasSuffix(".npy") && !$0.hasSuffix("-zeros.npy") }.sorted()
    }

    private static let whole = Result {
        let run = try make()
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        return try bytes(run)
    }

    @Test(arguments: [1, 2, 3, 5]) func killedBehindAPart(count: Int) throws {
        let run = try Self.make()
        let result = try run.program.run(nil, ["run", "small.yaml", "output=run"]) { process in
            let deadline = ContinuousClock.now + .seconds(60)
            while Self.parts(run).count < count, process.isRunning, ContinuousClock.now < deadline { usleep(500) }
            kill(process.processIdentifier, SIGKILL)
        }
        #expect(result.signal == SIGKILL && Self.parts(run).count >= count)
        #expect(try run().code == 0)
        let (found, wanted) = (try Self.bytes(run), try Self.whole.get())
        #expect(found.keys.sorted() == wanted.keys.sorted())
        for (name, bytes) in wanted { #expect(found[name] == bytes, "\(name)") }
        #expect(!FileManager.default.fileExists(atPath: run.folder("run/stages")))
    }
}
