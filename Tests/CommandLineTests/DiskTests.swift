import Foundation
import TestSupport
import Testing

/// Runs whose Gram matrix does not fit in `compute.memory_limit`.
@Suite struct DiskTests {
    /// 300² · 12 bytes do not fit in 500 kB; 19 · 20 / 2 = 190 tiles.
    private static let small = "{backend: cpu, tile: 16, memory_limit: 5e5}"

    private static func make(
        _ compute: String = small, _ sections: String = "inference: {diag_reg: [1e-3, 1e-1]}"
    ) throws -> SmallRun {
        try SmallRun(
            train: 300, test: 40, compute: compute,
            sections: """
                \(sections)
                attacks: [{name: fgsm, eps: 0.1}]
                save: [kernels, predictions, gradients, adversarial]
                """)
    }

    private static func bytes(_ run: SmallRun) throws -> [String: [UInt8]] {
        let names = ["metrics.jsonl", "results.csv", "solves.csv"] + run.arrays.map { "arrays/\($0).npy" }
        return Dictionary(uniqueKeysWithValues: try names.map { ($0, try run.folder.read("run/" + $0)) })
    }

    /// The tables agree in every word, and in every number to rounding.
    private static func expectSameTable(_ one: SmallRun, _ other: SmallRun) throws {
        let (a, b) = (try one.text("results.csv"), try other.text("results.csv"))
        let (found, wanted) = (a.split { ",\n".contains($0) }, b.split { ",\n".contains($0) })
        try #require(found.count == wanted.count)
        for (x, y) in zip(found, wanted) {
            guard x != y, let number = Double(x), let other = Double(y) else {
                #expect(x == y)
                continue
            }
            #expect(abs(number - other) <= 1e-9 * max(1, abs(other)), "\(x) and \(y)")
        }
    }

    private static func exists(_ run: SmallRun, _ name: String) -> Bool {
        FileManager.default.fileExists(atPath: run.folder("run/" + name))
    }

    private static func tiles(_ run: SmallRun, _ matrix: String) -> [String] {
        let files = try? FileManager.default.subpathsOfDirectory(atPath: run.folder("run/\(matrix)/c"))
        return (files ?? []).filter { $0.contains("/") && !$0.contains(".partial") }.sorted()
    }

    private static let whole = Result {
        let run = try make()
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        return run
    }

    @Test func aRunOnDiskIsTheOneInMemory() throws {
        let run = try Self.whole.get()
        let memory = try Self.make("{backend: cpu, tile: 16}")
        #expect(try memory().code == 0)
        #expect(run.arrays == memory.arrays)
        for name in run.arrays {
            let (found, wanted) = (try run.numbers(name), try memory.numbers(name))
            let scale = wanted.map(abs).max() ?? 1
            let distance = zip(found, wanted).map { abs($0 - $1) }.max() ?? 0
            // Tiles have the same bits; α differs by rounding times the condition of Θ + λI, about 1e5, and gradients are
            // in single precision.
            let bound = name.contains("ntk_") || name.contains("nngp_") ? 0 : name.contains("input") ? 2e-6 : 1e-9
            #expect(distance <= bound * scale, "\(name)")
        }
        try Self.expectSameTable(run, memory)
        let solves = try run.text("solves.csv").split(separator: "\n").map(String.init)
        #expect(solves.count == 3 && solves[0] == "kind,time,diag_reg,solver,residual")
        #expect(solves[1].hasPrefix("solve,inf,0.001,cholesky,"))
        let residuals = solves.dropFirst().map { Double($0.split(separator: ",")[4]) ?? 1 }
        #expect(residuals.allSatisfy { $0 < 1e-12 }, "\(residuals)")
        #expect(Self.tiles(run, "gram.zarr/ntk").count == 190)
        #expect(!Self.exists(run, "factor.zarr") && !Self.exists(memory, "solves.csv"))
    }

    /// Killed in the factorisation, with a byte flipped in the meantime: named, computed anew, and the same bytes.
    @Test(arguments: [SIGKILL, SIGTERM])
    func aFactorisationThatWasStoppedGoesOn(number: Int32) throws {
        let run = try Self.make()
        let result = try run.program.run(nil, ["run", "small.yaml", "output=run"]) { process in
            let deadline = ContinuousClock.now + .seconds(60)
            while Self.tiles(run, "factor.zarr/reg0").count < 30, process.isRunning, ContinuousClock.now < deadline {
                usleep(500)
            }
            kill(process.processIdentifier, number)
        }
        #expect(number == SIGKILL ? result.signal == SIGKILL : result.code == 75, "\(result.error)")
        let tile = try #require(Self.tiles(run, "factor.zarr/reg0").first { $0 == "7/0" })
        var bytes = try run.folder.read("run/factor.zarr/reg0/c/" + tile)
        bytes[99] ^= 1
        try run.folder.write(bytes, to: "run/factor.zarr/reg0/c/" + tile)
        let resumed = try run()
        #expect(resumed.code == 0)
        #expect(
            resumed.complaints.contains(
                "ntk: warning: run/factor.zarr/reg0/c/7/0 is damaged: its checksum does not match; "
                    + "the tile is computed anew"), "\(resumed.error)")
        let (found, wanted) = (try Self.bytes(run), try Self.bytes(try Self.whole.get()))
        #expect(found.keys.sorted() == wanted.keys.sorted())
        for (name, bytes) in wanted { #expect(found[name] == bytes, "\(name)") }
    }

    @Test func conjugateGradientsSayTheirResidual() throws {
        let run = try Self.make(Self.small, "inference: {diag_reg: 0.1, solver: cg}")
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        let solves = try run.text("solves.csv").split(separator: "\n").map {
            $0.split(separator: ",").map(String.init)
        }
        #expect(solves[0] == ["kind", "time", "solver", "iterations", "residual"] && solves[1][2] == "cg")
        #expect((Double(solves[1][4]) ?? 1) <= 1e-9)
        #expect(!Self.exists(run, "factor.zarr"))
        let (found, wanted) = (
            try run.numbers("predictions_tinf"), try Self.whole.get().numbers("predictions_reg1_tinf")
        )
        let distance = zip(found, wanted).map { abs($0 - $1) }.max() ?? 1
        #expect(distance < 1e-7)
    }

    /// Two ridges at three times each.
    @Test func finiteTimesOnDiskAreThoseInMemory() throws {
        let sections = "inference: {diag_reg: [1e-3, 1e-1], time: [1000, inf, 10]}"
        let run = try Self.make(Self.small, sections)
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        let memory = try Self.make("{backend: cpu, tile: 16}", sections)
        #expect(try memory().code == 0)
        for name in run.arrays.filter({ $0.hasPrefix("predictions_") }) {
            let (found, wanted) = (try run.numbers(name), try memory.numbers(name))
            let distance = zip(found, wanted).map { abs($0 - $1) }.max() ?? 1
            #expect(distance < 1e-9, "\(name): \(distance)")
        }
        let solves = try run.text("solves.csv").split(separator: "\n").dropFirst().map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        #expect(solves.count == 6 && solves.count { $0.contains("lanczos") } == 4, "\(solves)")
        #expect(solves.allSatisfy { Double($0.last ?? "").map { $0 < 1e-10 } == true }, "\(solves)")
    }

    /// Two nets: eigenpairs from tiles, machines and attacks on features are those that are found in memory.
    @Test func featuresOnDiskAreThoseInMemory() throws {
        let sections = """
            inference: {diag_reg: 1e-2}
            features: {count: 4, eps: 0.1, images: 2, machines: [1, 4], architectures: [{preset: fc, depth: 1}]}
            """
        let run = try Self.make(Self.small, sections)
        let result = try run("save=[features]")
        #expect(result.code == 0, "\(result.error)")
        let memory = try Self.make("{backend: cpu, tile: 16}", sections)
        #expect(try memory("save=[features]").code == 0)
        #expect(run.arrays == memory.arrays)
        for suffix in ["", "_fc-1"] {
            let (found, wanted) = (
                try run.numbers("eigenvalues" + suffix), try memory.numbers("eigenvalues" + suffix)
            )
            #expect(found.count == 4 && wanted.count == 300)
            for (one, other) in zip(found, wanted) { #expect(abs(one - other) < 1e-11 * wanted[0]) }
            for name in ["feature_predictions", "feature_gradients"] {
                let (found, wanted) = (try run.numbers(name + suffix), try memory.numbers(name + suffix))
                let scale = wanted.map(abs).max() ?? 1
                let distance = zip(found, wanted).map { abs($0 - $1) }.max() ?? 1
                // Vectors are as good as their residual, 1e-12, divided by the gap to the next eigenvalue.
                #expect(found.count == wanted.count && distance < 1e-5 * scale, "\(name)\(suffix): \(distance / scale)")
            }
        }
        try Self.expectSameTable(run, memory)
        #expect(Self.tiles(run, "gram.zarr/ntk").count == 190 && Self.tiles(run, "gram_fc-1.zarr/ntk").count == 190)
        #expect(!Self.exists(run, "factor.zarr") && !Self.exists(run, "factor_fc-1.zarr"))
    }

    @Test(arguments: [
        ("inference.solver=eigh", "all eigenvalues, for inference.solver: eigh, are found in memory only; lower "),
        ("compute.store=never", "compute.store: never keeps them from the disk; lower data.train or raise "),
        ("features={count: 150}", "150 of 300 eigenvalues, which features ask for, are found in memory only; lower "),
        ("features={count: 20}", "the search for 20 eigenvalues needs 507 KiB for its vectors; lower data.train or "),
    ])
    func whatNeedsMemoryIsRefused(override: String, sentence: String) throws {
        let run = try Self.make(Self.small, "inference: {diag_reg: 0.1}")
        let result = try run("--quiet", override)
        #expect(result.code == 64)
        #expect(result.error.hasPrefix("ntk: the kernel matrices of 300 training points need "))
        #expect(result.error.contains(sentence), "\(result.error)")
    }

    /// Θ(X, X) and its factor, 300² · 12 bytes, fit; another net's matrix beside them does not. Nothing is begun.
    @Test(arguments: [
        (
            "transfer={models: [{model: {preset: fc, depth: 1}}]}",
            "transfer solves the equations of every net in memory"
        ),
        ("transfer={models: [{kernel: nngp}]}", "transfer solves the equations of every net in memory"),
        ("transfer={models: [{time: 10}]}", "transfer solves the equations of every net in memory"),
        (
            "features={count: 150, attack: none, architectures: [{preset: fc, depth: 1}]}",
            "150 of 300 eigenvalues, which features ask for, are found in memory only"
        ),
        (
            "networks=[{model: {depth: 1}, kernel: {epochs: [1], attack: {name: fgsm}}, training: {epochs: 1, loss: mse}}]",
            "the kernel beside a net of networks is solved for in memory only"
        ),
    ])
    func furtherNetsAreReckonedBeforeAnything(override: String, sentence: String) throws {
        let run = try Self.make("{backend: cpu, memory_limit: 1.2e6}", "inference: {diag_reg: 0.1}")
        let result = try run("--quiet", override, "save=[predictions]")
        #expect(result.code == 64, "\(result.error)")
        #expect(
            result.error.hasPrefix("ntk: the kernel matrices of 300 training points need ")
                && result.error.contains("2 MiB may be used, and \(sentence); lower data.train or"), "\(result.error)")
        #expect(run.arrays == [] && !Self.exists(run, "networks") && !Self.exists(run, "stages"))
    }

    /// The same net at other ridges, on other points, needs no further matrix.
    @Test func kernelsOfOneNetFit() throws {
        let run = try Self.make("{backend: cpu, memory_limit: 1.2e6}", "inference: {diag_reg: 0.1}")
        let result = try run("transfer={models: [{diag_reg: 1}, {train: 100}]}", "save=[predictions]")
        #expect(result.code == 0, "\(result.error)")
    }

    @Test func theConfigurationShowsTheChoice() throws {
        let run = try SmallRun()
        try run.write("data: {name: mnist, train: 20000}\ninference: {diag_reg: 1e-3}")
        let memory = try run.program("config", "show", "small.yaml", "compute.memory_limit=8000000000")
        #expect(
            memory.output.hasSuffix(
                "#   in memory: 20000 training points take 4578 MiB of the 7630 MiB that may be used\n"))
        let disk = try run.program("config", "show", "small.yaml", "compute.memory_limit=1073741824")
        let lines = disk.output.split(separator: "\n").map(String.init)
        let (place, how) = (lines[lines.count - 2], lines[lines.count - 1])
        #expect(
            place == "#   on disk: 20000 training points take 4578 MiB of the 1024 MiB that may be used; "
                + "210 tiles of 1024 × 1024, 840 MiB")
        let isCholesky = how.hasPrefix("#   diag_reg 0.001: cholesky, 1680 MiB of factor on disk (reckoned: cholesky ")
        #expect(isCholesky, "\(how)")
        let finite = try run.program(
            "config", "show", "small.yaml", "compute.memory_limit=1073741824", "inference.time=10")
        #expect(finite.output.hasSuffix(" MiB\n#   finite times: lanczos\n"))
        let never = try run.program("config", "show", "small.yaml", "compute={memory_limit: 1073741824, store: never}")
        #expect(never.output.contains("#   impossible: 20000 training points take"))
    }
}
