import Testing

@testable import Experiments

@Suite struct SlurmScriptTests {
    private static func script(_ yaml: String, tasks: Int?) throws -> SlurmScript {
        let configuration = try Configuration.parse("launcher: \(yaml)")
        return SlurmScript(
            stage: "gram", tasks: tasks, arguments: ["worker", "runs/it's one"],
            launcher: try #require(configuration.launcher), folder: "runs/a/slurm", workingFolder: "/home/me",
            program: "/opt/ntk")
    }

    @Test func everyKeyHasItsLine() throws {
        let script = try Self.script(
            """
            {engine: slurm, array_parallelism: 4, timeout_min: 30, gpus_per_task: 2, cpus_per_task: 8, mem_gb: 16,
             partition: gpu, account: lab, qos: high, constraint: a100, signal_delay_s: 90, max_num_timeout: 5,
             setup: [module load opencl], additional_parameters: {reservation: night, nice: 100}}
            """, tasks: 12)
        #expect(
            script.text == """
                #!/bin/bash
                #SBATCH --job-name=ntk-gram
                #SBATCH --array=0-11%4
                #SBATCH --requeue
                #SBATCH --open-mode=append
                #SBATCH --signal=B:TERM@90
                #SBATCH --time=30
                #SBATCH --nodes=1
                #SBATCH --ntasks=1
                #SBATCH --cpus-per-task=8
                #SBATCH --gres=gpu:2
                #SBATCH --mem=16G
                #SBATCH --partition=gpu
                #SBATCH --account=lab
                #SBATCH --qos=high
                #SBATCH --constraint=a100
                #SBATCH --reservation=night
                #SBATCH --nice=100
                #SBATCH --chdir=/home/me
                #SBATCH --output=runs/a/slurm/gram_%A_%a.log
                set -euo pipefail
                module load opencl
                export NTK_REQUEUES=5
                export NTK_SHARDS=12
                exec /opt/ntk worker 'runs/it'\\''s one'

                """)
        #expect(
            script.submission(after: "17") == [
                "--parsable", "--dependency=afterok:17", "--kill-on-invalid-dep=yes", "runs/a/slurm/gram.sbatch",
            ])
    }

    @Test func whatIsNotSaidIsLeftToTheQueue() throws {
        let script = try Self.script("{engine: slurm}", tasks: nil)
        for word in ["gres", "mem", "partition", "account", "qos", "constraint", "array", "NTK_SHARDS"] {
            #expect(!script.text.contains(word), "\(word)")
        }
        #expect(script.text.contains("#SBATCH --output=runs/a/slurm/gram_%j.log\n"))
        #expect(script.submission(after: nil) == ["--parsable", "runs/a/slurm/gram.sbatch"])
    }

    @Test(arguments: [
        ("{engine: slrum}", "launcher.engine must be one of local or slurm, found 'slrum'; did you mean 'slurm'?"),
        ("{partion: gpu}", "unknown key 'partion' in launcher; did you mean 'partition'?"),
        (
            "{timeout_min: 2, signal_delay_s: 120}",
            "120 s before the end is before the beginning of 2 min; lower it or raise timeout_min"
        ),
        ("{shards: 0}", "launcher.shards must be a whole number of at least 1, found '0'"),
        ("{additional_parameters: [a]}", "launcher.additional_parameters must be a map of options, found a list"),
    ])
    func mistakes(yaml: String, message: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try Configuration.parse("launcher: \(yaml)") }
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }

    @Test func aLauncherIsNoPartOfARunsIdentity() throws {
        let plain = try Configuration.parse("seed: 1")
        let sent = try Configuration.parse("seed: 1\nlauncher: {engine: slurm, additional_parameters: {nice: 3}}")
        #expect(try plain.runID == sent.runID)
        #expect(try Configuration.parse(sent.resolved(comments: true)).launcher == sent.launcher)
        #expect(!plain.resolved().contains("launcher"))
    }
}
