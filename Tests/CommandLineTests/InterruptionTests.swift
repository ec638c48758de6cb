import Foundation
import TestSupport
import Testing

/// Runs that are stopped, killed or cannot write: they say so, and the same command ends with the same bytes.
@Suite struct InterruptionTests {
    /// About two seconds, most of them in the attack.
    private static func longRun() throws -> SmallRun {
        try SmallRun(
            train: 700, test: 300, shape: [8, 8, 1],
            sections: """
                inference: {diag_reg: 1e-3}
                attacks: [{name: pgd, eps: 0.1, steps: 120, random_start: true}]
                save: [kernels, predictions, adversarial]
                """)
    }

    /// Everything that a run measures, by name.
    private static func bytes(_ run: SmallRun) throws -> [String: [UInt8]] {
        let names = ["metrics.jsonl", "results.csv"] + run.arrays.map { "arrays/\($0).npy" }
        return Dictionary(uniqueKeysWithValues: try names.map { ($0, try run.folder.read("run/" + $0)) })
    }

    /// The same run, never interrupted.
    private static let whole = Result {
        let run = try longRun()
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        return try bytes(run)
    }

    /// Runs until `isReached`, sends the signal, and waits for the end.
    private static func interrupt(
        _ run: SmallRun, with number: Int32, when isReached: @escaping () -> Bool
    ) throws -> Program.Result {
        try run.program.run(nil, ["run", "small.yaml", "output=run"]) { process in
            let deadline = ContinuousClock.now + .seconds(60)
            while !isReached() && process.isRunning && ContinuousClock.now < deadline { usleep(2000) }
            kill(process.processIdentifier, number)
        }
    }

    private static func stage(_ run: SmallRun) -> String {
        (try? run.json("status.json"))?["stage"] as? String ?? ""
    }

    private static func resume(_ run: SmallRun) throws {
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        let (resumed, whole) = (try bytes(run), try whole.get())
        #expect(resumed.keys.sorted() == whole.keys.sorted())
        for (name, bytes) in whole { #expect(resumed[name] == bytes, "\(name)") }
        // Nothing half-written is left.
        let folder = try FileManager.default.subpathsOfDirectory(atPath: run.folder("run"))
        #expect(folder.filter { $0.hasSuffix(".partial") } == [])
    }

    @Test(arguments: [(SIGINT, 130), (SIGTERM, 75)] as [(Int32, Int32)])
    func signalInTheMiddle(number: Int32, code: Int32) throws {
        let run = try Self.longRun()
        let result = try Self.interrupt(run, with: number) { Self.stage(run).hasPrefix("attack") }
        #expect(result.code == code && result.signal == nil)
        #expect(result.output == "")
        #expect(
            result.complaints.suffix(2) == [
                "ntk: stopping after the tiles in hand; ctrl-C again stops at once",
                "ntk: interrupted during 'attack pgd t=inf'; run the same command again to go on",
            ])
        #expect(try run.json("status.json")["state"] as? String == "interrupted")
        try Self.resume(run)
    }

    @Test(arguments: ["config.yaml", "arrays", "kernel", "attack"])
    func killed(at moment: String) throws {
        let run = try Self.longRun()
        let result = try Self.interrupt(run, with: SIGKILL) {
            switch moment {
            case "config.yaml": FileManager.default.fileExists(atPath: run.folder("run/config.yaml"))
            case "arrays": !run.arrays.isEmpty
            // A stage of a moment may have passed before it is seen.
            case "kernel": !["", "data"].contains(Self.stage(run))
            default: Self.stage(run).hasPrefix(moment)
            }
        }
        #expect(result.signal == SIGKILL)
        try Self.resume(run)
    }

    /// Killed twenty times at random moments, each time a little later on its way.
    @Test func killedAtRandomMoments() throws {
        let compute = "{backend: cpu, tile: 32, store: always}"
        func make() throws -> SmallRun {
            try SmallRun(
                train: 500, test: 60, shape: [8, 8, 1], compute: compute,
                sections: """
                    inference: {diag_reg: 1e-3}
                    attacks: [{name: fgsm, eps: 0.1}, {name: pgd, eps: [0.1, 0.2], steps: 100}, {name: pgd, eps: 0.3}]
                    features:
                      {count: 5, eps: 0.1, attack: [fgsm, pgd], steps: 3, images: 2, architectures: [{preset: fc, depth: 1}]}
                    transfer: {models: [{model: {preset: fc, depth: 1}}, {model: {preset: fc, depth: 3}, kernel: nngp}]}
                    save: [kernels, predictions, adversarial]
                    """)
        }
        func all(_ run: SmallRun) throws -> [String: [UInt8]] {
            let names = try FileManager.default.subpathsOfDirectory(atPath: run.folder("run"))
            // What tells of time and place differs.
            let others = ["log.jsonl", "manifest.json", "status.json", "config.yaml"]
            let files = names.filter { name in
                var isFolder: ObjCBool = false
                return FileManager.default.fileExists(atPath: run.folder("run/" + name), isDirectory: &isFolder)
                    && !isFolder.boolValue && !others.contains(name)
            }
            let contents = try files.map { ($0, try run.folder.read("run/" + $0)) }
            return Dictionary(uniqueKeysWithValues: contents).merging(
                // The page shows the configuration, with the paths of the data.
                ["report.html": Array(try run.text("report.html").replacing(run.folder(""), with: "").utf8)]
            ) { $1 }
        }
        let whole = try make()
        #expect(try whole().code == 0)
        let expected = try all(whole)
        for matrix in ["gram.zarr/ntk", "gram_fc-1.zarr/ntk", "gram_fc-3.zarr/nngp"] {
            #expect(expected.keys.filter { $0.hasPrefix("\(matrix)/c/") }.count == 16 * 17 / 2, "\(matrix)")
        }

        let run = try make()
        var generator = SeededGenerator(seed: 20)
        var kills = 0
        var tries = 0
        while kills < 20 && tries < 60 {
            tries += 1
            let delay = UInt32.random(in: 20_000...250_000, using: &generator)
            let result = try run.program.run(nil, ["run", "small.yaml", "output=run"]) { process in
                usleep(delay)
                kill(process.processIdentifier, SIGKILL)
            }
            if result.signal == SIGKILL {
                kills += 1
            } else {
                // It was done before the signal came: once more from the beginning.
                #expect(result.code == 0, "\(result.error)")
                #expect(try all(run) == expected)
                try FileManager.default.removeItem(atPath: run.folder("run"))
            }
        }
        #expect(kills == 20)
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        let resumed = try all(run)
        #expect(resumed.keys.sorted() == expected.keys.sorted())
        for (name, bytes) in expected { #expect(resumed[name] == bytes, "\(name)") }
    }

    /// A limit on the size of files, 64 blocks of 512 bytes: the kernels do not fit.
    @Test func filesMayNotGrow() throws {
        let run = try SmallRun(train: 100, test: 10, sections: "save: [kernels, predictions]")
        let result = try run.program.inShell(
            after: "ulimit -f 64", ["run", "small.yaml", "output=run", "--quiet"])
        #expect(result.code == 74 && result.signal == nil)
        #expect(result.output == "")
        let reason = "cannot be written: File too large; raise the limit on the size of files (ulimit -f) and run"
        #expect(result.error.hasPrefix("ntk: run/arrays/") && result.error.contains("_train_train.npy \(reason)"))
        #expect(result.complaints.count == 1)
        #expect(run.arrays == [])
        #expect(try run.json("status.json")["state"] as? String == "failed")
        #expect(try run().code == 0)
        #expect(run.arrays.count == 5)
    }

    /// A file system of 64 KiB that is really full; needs root.
    @Test(.enabled("only root can mount") { getuid() == 0 })
    func fullDisk() throws {
        let run = try SmallRun(train: 200, test: 10, sections: "save: [kernels, predictions]")
        try FileManager.default.createDirectory(atPath: run.folder("run"), withIntermediateDirectories: true)
        let mount = try run.program.run(
            "/bin/mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", run.folder("run")])
        guard mount.code == 0 else { try Test.cancel("this machine does not let root mount") }
        defer { _ = try? run.program.run("/bin/umount", [run.folder("run")]) }
        let result = try run("--quiet")
        #expect(result.code == 74)
        #expect(result.error.contains("cannot be written: No space left on device; free some space and run"))
        #expect(run.arrays == [])
    }
}
