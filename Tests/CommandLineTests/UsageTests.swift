import StorageTestSupport
import Testing

/// What is refused before anything runs: exit code 64 and one sentence.
@Suite struct UsageTests {
    @Test func commandWords() throws {
        let program = Program(try TemporaryFolder())
        let commands = "run, sweep, submit, worker, collect, status, report, export, config, data, devices, bench"
        let misspelt = try program("rnu", "small.yaml")
        #expect(misspelt.code == 64)
        #expect(
            misspelt.error == "ntk: there is no command 'rnu'; there are \(commands); did you mean 'run'?\n")
        let unknown = try program("frobnicate")
        #expect(unknown.code == 64 && unknown.error == "ntk: there is no command 'frobnicate'; there are \(commands)\n")
        let nested = try program("data", "lst")
        #expect(nested.code == 64)
        #expect(
            nested.error == "ntk: there is no command 'lst'; there are list, verify, fetch; did you mean 'list'?\n")
        let incomplete = try program("run")
        #expect(incomplete.code == 64)
        #expect(
            incomplete.error
                == "ntk: missing expected argument '<config>'; usage: ntk run <config> [<key=value> ...] [--quiet] "
                + "[--verbose] [--trace] [--prometheus <prometheus>]\n")
        let option = try program("devices", "--frob")
        #expect(option.code == 64 && option.error == "ntk: unknown option '--frob'; usage: ntk devices\n")
        let benchmark = try program("bench", "gram-fc3-785")
        #expect(benchmark.code == 64)
        #expect(benchmark.error.hasPrefix("ntk: there is no benchmark 'gram-fc3-785'; there are gram-fc3-784, "))
        #expect(benchmark.error.hasSuffix("did you mean 'gram-fc3-784'?\n"))
    }

    @Test func keysAndValues() throws {
        let run = try SmallRun()
        try run.write(
            """
            data:
              trian: 100
              test: many
            modle: {preset: fc}
            compute: {precision: float23}
            """)
        let result = try run()
        #expect(result.code == 64)
        #expect(result.output == "")
        #expect(
            result.complaints == [
                "ntk: small.yaml:2: unknown key 'trian' in data; did you mean 'train'?",
                "ntk: small.yaml:3: data.test must be a whole number of at least 1, or all, found 'many'",
                "ntk: small.yaml:4: unknown key 'modle' in the top level; did you mean 'model'?",
                "ntk: small.yaml:5: compute.precision must be one of float32 or float64, found 'float23'; "
                    + "did you mean 'float32'?",
            ])
        #expect(try run.program("config", "check", "small.yaml").code == 64)
        #expect(!run.folder.names.contains("run"))
    }

    @Test func overrides() throws {
        let run = try SmallRun()
        let result = try run("data.trian=5", "data.train", "compute.tile=0")
        #expect(result.code == 64)
        #expect(
            result.complaints == [
                "ntk: override 'compute.tile=0': compute.tile must be a whole number of at least 1, or auto, found '0'",
                "ntk: override 'data.train': must read key.path=value, for example data.train=1000",
                "ntk: override 'data.trian=5': unknown key 'trian' in data; did you mean 'train'?",
            ])
    }

    @Test func absentConfiguration() throws {
        let program = Program(try TemporaryFolder())
        for words in [["run"], ["config", "show"], ["config", "check"]] {
            let result = try program(words + ["absent.yaml"])
            #expect(result.code == 64)
            #expect(result.error == "ntk: absent.yaml: cannot be read: no such file\n")
        }
    }

    @Test func attackOnLabelsThatAreNotThere() throws {
        let run = try SmallRun(labels: false, sections: "attacks:\n  - {name: fgsm, eps: 0.1}")
        let result = try run()
        #expect(result.code == 64)
        #expect(
            result.complaints.last
                == "ntk: small.yaml:9: attacks.0.target: an attack on labels needs test labels; give "
                + "data.test_targets or set target: prediction")
        #expect(try run("attacks.0.target=prediction", "output=other").code == 0)
    }

    @Test func inputsOutsideTheClipRange() throws {
        let run = try SmallRun(sections: "attacks:\n  - {name: fgsm, eps: 0.1, clip: [0.25, 0.5]}")
        let result = try run()
        #expect(result.code == 64)
        let advice = "set the attack's clip to none or data.scale to unit"
        #expect(result.error.contains("outside the box [0.25, 0.5]: \(advice)"))
    }

    @Test func solverThatCannotGiveTheTime() throws {
        let run = try SmallRun(sections: "inference: {time: 10, solver: cholesky}")
        let result = try run()
        #expect(result.code == 64)
        #expect(
            result.complaints.last
                == "ntk: inference.solver cholesky cannot give time 10: it solves for time inf only; "
                + "set inference.solver: auto")
    }
}
