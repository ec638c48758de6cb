import Foundation
import Testing

/// `ntk submit` and `ntk worker`, with programs of the test's own in the place of Slurm's.
@Suite struct WorkerTests {
    /// 7 · 8 / 2 = 28 tiles of each of two covariances.
    private static func make(_ sections: String = "", train: Int = 100) throws -> SmallRun {
        let run = try SmallRun(
            train: train, test: 9, compute: "{backend: cpu, tile: 16}",
            sections: """
                attacks: [{name: fgsm, eps: 0.1}]
                save: [kernels, predictions]
                launcher: {engine: slurm, shards: 3, max_num_timeout: 2}
                \(sections)
                """)
        try install(run, "sbatch", "echo \"$@\" >> sbatch.log; wc -l < sbatch.log")
        try install(run, "scontrol", "echo \"$@\" >> scontrol.log")
        return run
    }

    private static func install(_ run: SmallRun, _ name: String, _ text: String) throws {
        let path = try run.folder.write(Array("#!/bin/sh\n\(text)\n".utf8), to: "bin/\(name)")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    private static func program(_ run: SmallRun, _ environment: [String: String] = [:]) -> Program {
        var program = run.program
        program.environment = environment
        program.environment["PATH"] = run.folder("bin") + ":/usr/bin:/bin"
        return program
    }

    private static func tiles(_ run: SmallRun, _ root: String) throws -> [String: [UInt8]] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: run.folder(root)).filter {
            $0.contains("/c/") && !$0.contains(".partial")
        }
        return Dictionary(
            uniqueKeysWithValues: try names.filter { $0.split(separator: "/").count >= 3 }.compactMap { name in
                var isFolder: ObjCBool = false
                _ = FileManager.default.fileExists(atPath: run.folder(root + "/" + name), isDirectory: &isFolder)
                return isFolder.boolValue ? nil : (name, try run.folder.read(root + "/" + name))
            })
    }

    @Test func shardsTogetherAreTheMatrix() throws {
        let run = try Self.make()
        let whole = try Self.make()
        #expect(try whole("compute.store=always").code == 0)
        let submitted = try Self.program(run)(["submit", "small.yaml", "output=run"])
        #expect(submitted.code == 0, "\(submitted.error)")
        #expect(submitted.output == "gram: job 1\nsolve: job 2\nresults go to run\n")
        #expect(
            String(decoding: try run.folder.read("sbatch.log"), as: UTF8.self) == """
                --parsable run/slurm/gram.sbatch
                --parsable --dependency=afterok:1 --kill-on-invalid-dep=yes run/slurm/solve.sbatch

                """)
        let script = String(decoding: try run.folder.read("run/slurm/gram.sbatch"), as: UTF8.self)
        #expect(script.contains("#SBATCH --array=0-2\n") && script.hasSuffix(" worker run\n"))
        // From three queues.
        let environments = [
            ["SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_MIN": "0"],
            ["JOB_COMPLETION_INDEX": "1", "NTK_SHARDS": "3"], [:],
        ]
        for (index, environment) in environments.enumerated() {
            let words = index == 2 ? ["--shard", "2/3"] : []
            let result = try Self.program(run, environment)(["worker", "run", "--quiet"] + words)
            #expect(result.code == 0 && result.error == "", "\(result.error)")
            let count = [10, 9, 9][index]
            #expect(result.output == "run: shard \(index)/3: \(count) tiles computed, 0 were there\n")
            let again = try Self.program(run, environment)(["worker", "run", "--quiet"] + words)
            #expect(again.output == "run: shard \(index)/3: 0 tiles computed, \(count) were there\n")
        }
        let (found, wanted) = (try Self.tiles(run, "run/gram.zarr"), try Self.tiles(whole, "run/gram.zarr"))
        #expect(found.count == 56 && found == wanted)
        // The solve stage takes them all up.
        let solved = try run.program(["run", "run/config.yaml"])
        #expect(solved.code == 0, "\(solved.error)")
        #expect(try run.text("log.jsonl").contains("\"tiles\":\"28\""))
        for name in ["arrays/ntk_train_train.npy", "arrays/predictions_tinf.npy", "results.csv"] {
            #expect(try run.folder.read("run/" + name) == whole.folder.read("run/" + name), "\(name)")
        }
        let log = String(decoding: try run.folder.read("run/shards/1-of-3.jsonl"), as: UTF8.self)
        #expect(log.contains("\"job_completion_index\":\"1\"") && log.contains("\"computed\":\"9\""))
    }

    /// SIGTERM in a job: the tile in hand is finished, the job goes back into the queue as often as it may.
    @Test func aTaskThatIsToldToStopIsQueuedAgain() throws {
        // 820 tiles of each covariance, each of them flushed to the disk.
        let run = try Self.make(train: 640)
        #expect(try Self.program(run)(["submit", "small.yaml", "output=run"]).code == 0)
        for (restarts, expected) in [("1", "requeue 13_0\n"), ("2", "requeue 13_0\n")] {
            let program = Self.program(
                run,
                [
                    "SLURM_ARRAY_JOB_ID": "13", "SLURM_ARRAY_TASK_ID": "0", "SLURM_ARRAY_TASK_COUNT": "1",
                    "NTK_SHARDS": "1", "NTK_REQUEUES": "2", "SLURM_RESTART_COUNT": restarts,
                ])
            let result = try program.run(nil, ["worker", "run"]) { process in
                let deadline = ContinuousClock.now + .seconds(60)
                let limit = restarts == "1" ? 4 : 400
                while try Self.tiles(run, "run/gram.zarr").count < limit, process.isRunning,
                    ContinuousClock.now < deadline
                {
                    usleep(500)
                }
                kill(process.processIdentifier, SIGTERM)
            }
            #expect(result.code == 75, "\(result.error)")
            let log = (try? run.folder.read("scontrol.log")).map { String(decoding: $0, as: UTF8.self) }
            #expect(log == expected)
            #expect(
                result.error.contains(restarts == "1" ? "job 13_0 is queued again" : "queued again 2 times already"))
            for tile in try Self.tiles(run, "run/gram.zarr").values { #expect(tile.count == 16 * 16 * 4 + 4) }
        }
    }

    @Test func aSweepIsThreeJobs() throws {
        let run = try Self.make(
            "sweep: {parameters: {model.depth: {values: [1, 2]}, attacks.0.eps: {values: [0.1, 0.2]}}}")
        let dry = try Self.program(run)(["submit", "small.yaml", "output=all/sweep", "--dry-run"])
        #expect(dry.code == 0, "\(dry.error)")
        #expect(dry.output.contains("# all/sweep/slurm/runs.sbatch\n#!/bin/bash\n"))
        #expect(
            dry.output.hasSuffix(
                """
                job=$(sbatch --parsable all/sweep/slurm/gram.sbatch)
                job=$(sbatch --parsable --dependency=afterok:$job --kill-on-invalid-dep=yes all/sweep/slurm/runs.sbatch)
                job=$(sbatch --parsable --dependency=afterok:$job --kill-on-invalid-dep=yes all/sweep/slurm/collect.sbatch)

                """))
        #expect(!run.folder.names.contains("sbatch.log"))
        // What the jobs would do, task after task.
        for index in 0..<3 {
            let result = try Self.program(run)(["worker", "all/sweep", "--shard", "\(index)/3", "--quiet"])
            #expect(result.code == 0, "\(result.error)")
            #expect(result.output.split(separator: "\n").count == 2)
        }
        let before = try Self.tiles(run, "all/grams")
        #expect(before.count == 2 * 56)
        for index in 0..<4 {
            let result = try Self.program(run)(
                ["worker", "all/sweep", "--stage", "runs", "--shard", "\(index)/4", "--quiet"])
            #expect(result.code == 0, "\(result.error)")
        }
        #expect(try Self.tiles(run, "all/grams") == before)
        let collected = try run.program(["collect", "all/sweep"])
        #expect(collected.code == 0 && collected.output.split(separator: "\n").count == 5)
        #expect(try run.program(["status", "all/sweep"]).output.hasSuffix("4 of 4 runs are done\n"))
    }

    @Test func whatIsRefused() throws {
        let run = try Self.make()
        let local = try Self.program(run)(["submit", "small.yaml", "launcher.engine=local"])
        #expect(local.code == 64)
        #expect(
            local.error.hasSuffix(
                "launcher.engine: is local; start it with ntk run or ntk sweep, or set it to slurm\n"), "\(local.error)"
        )
        try Self.install(run, "sbatch", "echo 'sbatch: error: invalid partition' >&2; exit 1")
        let refused = try Self.program(run)(["submit", "small.yaml", "output=run"])
        #expect(refused.code == 1)
        #expect(refused.error == "ntk: sbatch refused run/slurm/gram.sbatch: sbatch: error: invalid partition\n")
        let shard = try Self.program(run)(["worker", "run", "--shard", "3/3"])
        #expect(shard.code == 64 && shard.error == "ntk: --shard 3/3 is no shard: there are 3, counted from 0\n")
        #expect(try Self.program(run)(["worker", "absent"]).code == 64)
        let never = try Self.program(run)(["submit", "small.yaml", "output=other", "compute.store=never"])
        #expect(never.code == 64)
        #expect(never.error.contains("compute.store: never keeps tiles, and shards need a store; set it to auto"))
    }
}
