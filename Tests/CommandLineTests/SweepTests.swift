import Foundation
import Testing

/// `ntk sweep`, as scripts see it.
@Suite struct SweepTests {
    /// 24 runs on three Gram matrices of 60 points.
    private static let sweep = """
        sweep:
          parameters:
            model.depth: {values: [1, 2, 3]}
            inference.diag_reg: {distribution: log_uniform_values, min: 1e-4, max: 1e-1, count: 4}
            attacks.0.steps: {values: [2, 5]}
        """

    private static func make(
        _ sections: String = sweep, attacks: String = "[{name: pgd, eps: 0.1, random_start: true}]"
    ) throws -> SmallRun {
        try SmallRun(
            train: 60, test: 20, compute: "{backend: cpu, tile: 16}", sections: "attacks: \(attacks)\n\(sections)")
    }

    private static func sweep(_ run: SmallRun, _ flags: String...) throws -> Program.Result {
        try run.program(["sweep", "small.yaml", "output=all/sweep"] + flags)
    }

    private static func ids(_ run: SmallRun, _ sweep: String = "all/sweep") throws -> [String] {
        String(decoding: try run.folder.read(sweep + "/runs.jsonl"), as: UTF8.self).split(separator: "\n").compactMap {
            (try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])?["id"] as? String
        }
    }

    private static func exists(_ run: SmallRun, _ name: String) -> Bool {
        FileManager.default.fileExists(atPath: run.folder(name))
    }

    private static func done(_ run: SmallRun) throws -> Int {
        try ids(run).count { id in
            (try? run.folder.read("all/sweep/\(id)/status.json")).map {
                String(decoding: $0, as: UTF8.self).contains("\"done\"")
            } ?? false
        }
    }

    @Test func aDryRunPrintsAndMakesNothing() throws {
        let run = try Self.make()
        let result = try Self.sweep(run, "--dry-run")
        #expect(result.code == 0 && result.error == "")
        let lines = result.output.split(separator: "\n")
        #expect(lines.count == 25)
        #expect(lines[1].hasSuffix("model.depth=1 inference.diag_reg=0.0001 attacks.0.steps=2"))
        #expect(Set(lines.dropFirst().map { $0.split(separator: " ")[1] }).count == 3)
        #expect(!Self.exists(run, "all"))
    }

    /// The same sweep, stopped three times on its way and undisturbed.
    @Test func aSweepThatIsStoppedGoesOn() throws {
        let whole = try Self.make()
        let undisturbed = try Self.sweep(whole, "--jobs", "2")
        #expect(undisturbed.code == 0, "\(undisturbed.error)")
        #expect(undisturbed.output.split(separator: "\n").count == 25)

        let run = try Self.make()
        for (limit, number) in [(4, SIGTERM), (9, SIGKILL), (15, SIGINT)] {
            let result = try run.program.run(
                nil, ["sweep", "small.yaml", "output=all/sweep", "--jobs", "2"] + (limit == 4 ? [] : ["--resume"])
            ) { process in
                let deadline = ContinuousClock.now + .seconds(60)
                while process.isRunning && ContinuousClock.now < deadline {
                    if (try? Self.done(run)) ?? 0 >= limit { break }
                    usleep(5000)
                }
                kill(process.processIdentifier, number)
            }
            switch number {
            case SIGKILL: #expect(result.signal == SIGKILL)
            default:
                #expect(result.code == (number == SIGINT ? 130 : 75), "\(result.error)")
                #expect(result.error.contains("of 24 runs; run the same command with --resume to go on"))
            }
            #expect(try (limit..<24).contains(Self.done(run)))
        }
        let refused = try Self.sweep(run)
        #expect(refused.code == 64)
        #expect(refused.error.contains("of 24 runs are done; add --resume to go on"))
        let resumed = try Self.sweep(run, "--resume", "--quiet")
        #expect(resumed.code == 0 && resumed.error == "", "\(resumed.error)")
        #expect(resumed.output == undisturbed.output)
        let page = String(decoding: try run.folder.read("all/sweep/report.html"), as: UTF8.self)
        #expect(page.contains("24 of 24 runs are done"))
        for id in try Self.ids(run) { #expect(page.contains("<a href=\"\(id)/report.html\">\(id)</a>")) }
        for name in ["results.csv", "metrics.jsonl", "runs.jsonl", "report.html"] {
            #expect(try run.folder.read("all/sweep/" + name) == whole.folder.read("all/sweep/" + name), "\(name)")
        }
        // Nothing is left to do, and nothing changes.
        #expect(try Self.sweep(run).output == undisturbed.output)
        #expect(try run.program("collect", "all/sweep").output == undisturbed.output)
        let status = try run.program("status", "all/sweep")
        #expect(status.output.hasSuffix("all/sweep: 24 of 24 runs are done\n"))
    }

    @Test func aSweepOverAttacksComputesNoGramMatrixAgain() throws {
        let run = try Self.make()
        #expect(try Self.sweep(run).code == 0)
        let tiles = try FileManager.default.subpathsOfDirectory(atPath: run.folder("all/grams"))
            .filter { $0.contains("/c/") && $0.split(separator: "/").count == 5 }
        // Three matrices of 60 points in tiles of 16: ten on and below the diagonal.
        #expect(tiles.count == 30)
        func dates() throws -> [Date?] {
            try tiles.map {
                try FileManager.default.attributesOfItem(atPath: run.folder("all/grams/" + $0))[.modificationDate]
                    as? Date
            }
        }
        let before = try dates()
        let text = String(decoding: try run.folder.read("small.yaml"), as: UTF8.self)
        try run.write(
            text[..<(try #require(text.range(of: "attacks:"))).lowerBound] + """
                attacks: [{name: fgsm}]
                sweep:
                  parameters:
                    model.depth: {values: [1, 2, 3]}
                    attacks.0.eps: {values: [0.05, 0.1, 0.2]}

                """)
        let second = try run.program(["sweep", "small.yaml", "output=all/attacks"])
        #expect(second.code == 0, "\(second.error)")
        #expect(try dates() == before)
        for id in try Self.ids(run, "all/attacks") {
            let log = String(decoding: try run.folder.read("all/attacks/\(id)/log.jsonl"), as: UTF8.self)
            #expect(log.contains("\"message\":\"restored\"") && log.contains("\"tiles\":\"10\""))
        }
    }

    @Test(arguments: [false, true])
    func aRunThatFails(keepsGoing: Bool) throws {
        let run = try Self.make("sweep: {method: list, runs: [{seed: 1}, {seed: 2}, {seed: 3}]}")
        // The second run's folder cannot be made.
        let plan = try Self.sweep(run, "--dry-run").output.split(separator: "\n")
        let id = plan[2].split(separator: " ")[0]
        try run.folder.write([1], to: "all/sweep/\(id)/foreign")
        let result = try Self.sweep(run, "--quiet", keepsGoing ? "--keep-going" : "--quiet")
        #expect(result.code == 1 && result.output == "")
        #expect(result.complaints.first?.contains("run \(id) (seed=2)") == true, "\(result.error)")
        #expect(result.complaints.first?.contains("is no run folder (it holds foreign)") == true)
        #expect(
            result.complaints.last == "ntk: 1 of 3 runs failed and \(keepsGoing ? 2 : 1) are done; see all/sweep/logs, "
                + "mend the cause and run the same command with --resume")
        try FileManager.default.removeItem(atPath: run.folder("all/sweep/\(id)"))
        let mended = try Self.sweep(run, "--resume")
        #expect(mended.code == 0, "\(mended.error)")
        #expect(try Self.done(run) == 3)
    }

    @Test func mistakesAreFoundBeforeTheFirstRun() throws {
        let run = try Self.make("sweep: {parameters: {model.depth: {values: [1, 2, deep]}}}")
        let result = try Self.sweep(run)
        #expect(result.code == 64)
        #expect(
            result.error
                == "ntk: override 'model.depth=deep': model.depth must be a whole number of at least 0, found 'deep'\n")
        #expect(!Self.exists(run, "all"))
        #expect(try run().code == 64)
        let single = try Self.make("sweep: {parameters: {seed: {values: [1]}}}")().error
        #expect(single.hasSuffix(": sweep: spans several runs; start them with ntk sweep\n"), "\(single)")
        let other = try Self.make("sweep: {parameters: {seed: {values: [1, 2]}}}")
        #expect(try Self.sweep(other).code == 0)
        let changed = try Self.sweep(other, "--resume", "data.test=5")
        #expect(changed.code == 64)
        #expect(
            changed.error
                == "ntk: the folder 'all/sweep' holds another sweep; choose another output or remove the folder\n")
    }
}
