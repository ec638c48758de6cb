import Foundation
import Testing

/// The tile store `gram.zarr` of a run folder.
@Suite struct GramStoreTests {
    /// 7 × 8 / 2 = 28 tiles of a Gram matrix, two of them for each tile of both covariances.
    private static func run(_ sections: String = "") throws -> SmallRun {
        try SmallRun(
            train: 100, test: 9, compute: "{backend: cpu, tile: 16, store: always}",
            sections: "save: [kernels]\n\(sections)")
    }

    private static func tiles(_ run: SmallRun, _ kind: String = "ntk") throws -> [String: [UInt8]] {
        let root = run.folder("run/gram.zarr/\(kind)/c")
        let names = try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.contains("/") }
        return Dictionary(
            uniqueKeysWithValues: try names.map { ($0, try run.folder.read("run/gram.zarr/\(kind)/c/\($0)")) })
    }

    private static func restart(_ run: SmallRun) throws {
        for name in ["status.json", "metrics.jsonl", "results.csv"] {
            try? FileManager.default.removeItem(atPath: run.folder("run/" + name))
        }
        for array in run.arrays { try FileManager.default.removeItem(atPath: run.folder("run/arrays/\(array).npy")) }
    }

    private static func restored(_ run: SmallRun) throws -> [String] {
        try run.text("log.jsonl").split(separator: "\n").compactMap { line in
            let entry = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
            return entry?["message"] == "restored" ? entry?["tiles"] : nil
        }
    }

    @Test func theMatrixIsKeptAndTakenUp() throws {
        let run = try Self.run()
        #expect(try run().code == 0)
        let (ntk, gram) = (try Self.tiles(run), try run.folder.read("run/arrays/ntk_train_train.npy"))
        #expect(ntk.count == 28)
        #expect(try Self.tiles(run, "nngp").count == 28)
        #expect(ntk.values.allSatisfy { $0.count == 16 * 16 * 4 + 4 })
        // A few tiles are missing: only those are computed, and everything is as before.
        try Self.restart(run)
        for name in ["ntk/c/3/1", "nngp/c/3/1", "ntk/c/6/6", "nngp/c/0/0"] {
            try FileManager.default.removeItem(atPath: run.folder("run/gram.zarr/" + name))
        }
        let result = try run()
        #expect(result.code == 0 && !result.error.contains("warning"), "\(result.error)")
        #expect(try Self.restored(run) == ["25"])
        #expect(try Self.tiles(run) == ntk)
        #expect(try run.folder.read("run/arrays/ntk_train_train.npy") == gram)
    }

    /// Nets beside that of `model` have stores of their own.
    @Test func furtherNets() throws {
        let run = try Self.run(
            "features: {count: 4, attack: none, images: 1, architectures: [{preset: fc, depth: 3}, {preset: conv, depth: 1}]}"
        )
        #expect(try run().code == 0)
        let page = try run.folder.read("run/arrays/feature_gradients_conv-1.npy")
        try Self.restart(run)
        for name in ["gram.zarr/ntk/c/3/1", "gram_conv-1.zarr/ntk/c/3/1", "gram_conv-1.zarr/ntk/c/0/0"] {
            try FileManager.default.removeItem(atPath: run.folder("run/" + name))
        }
        #expect(!FileManager.default.fileExists(atPath: run.folder("run/gram_fc-3.zarr/nngp")))
        #expect(try run().code == 0)
        #expect(try Self.restored(run) == ["27", "28", "26"])
        #expect(try run.folder.read("run/arrays/feature_gradients_conv-1.npy") == page)
    }

    /// The matrices of a transfer matrix are kept too, those of the run's own net in its store, and one store of a net
    /// serves all stages.
    @Test func netsOfATransferMatrix() throws {
        let run = try SmallRun(
            train: 100, test: 9, compute: "{backend: cpu, tile: 16, store: always}",
            sections: """
                features: {count: 4, attack: none, images: 1, architectures: [{preset: conv, depth: 1}]}
                transfer:
                  models:
                    - {kernel: nngp}
                    - {name: early, model: {preset: fc, depth: 3}}
                    - {model: {preset: fc, depth: 3}, diag_reg: 1}
                    - {model: {preset: fc, depth: 3, b_std: 1}}
                    - {model: {preset: conv, depth: 1}, kernel: nngp}
                """)
        #expect(try run().code == 0)
        let whole = try run.text("metrics.jsonl")
        try Self.restart(run)
        let removed = [
            "gram.zarr/nngp/c/5/2", "gram_fc-3.zarr/ntk/c/3/1", "gram_fc-3.2.zarr/ntk/c/0/0",
            "gram_fc-3.2.zarr/ntk/c/6/6",
            "gram_conv-1.zarr/nngp/c/4/4",
        ]
        for name in removed { try FileManager.default.removeItem(atPath: run.folder("run/" + name)) }
        #expect(try run().code == 0)
        // Θ of the run, Θ of conv-1 for its features; then K of the run, both nets of depth 3, K of conv-1.
        #expect(try Self.restored(run) == ["28", "28", "27", "27", "26", "27"])
        #expect(try run.text("metrics.jsonl") == whole)
        for name in removed { #expect(try !run.folder.read("run/" + name).isEmpty) }
    }

    @Test func aDamagedTileIsNamedAndComputedAnew() throws {
        let run = try Self.run()
        #expect(try run().code == 0)
        let (ntk, gram) = (try Self.tiles(run), try run.folder.read("run/arrays/ntk_train_train.npy"))
        try Self.restart(run)
        var bytes = try #require(ntk["4/2"])
        bytes[77] ^= 0x10
        try run.folder.write(bytes, to: "run/gram.zarr/ntk/c/4/2")
        let result = try run()
        #expect(result.code == 0)
        #expect(
            result.complaints.contains(
                "ntk: warning: run/gram.zarr/ntk/c/4/2 is damaged: its checksum does not match; "
                    + "the tile is computed anew"), "\(result.error)")
        #expect(try Self.restored(run) == ["27"])
        #expect(try Self.tiles(run) == ntk)
        #expect(try run.folder.read("run/arrays/ntk_train_train.npy") == gram)
    }

    @Test func anotherMatrixIsRefused() throws {
        let run = try Self.run()
        #expect(try run().code == 0)
        try Self.restart(run)
        let path = "run/gram.zarr/zarr.json"
        let text = String(decoding: try run.folder.read(path), as: UTF8.self)
        try run.folder.write(Array(text.replacing("\"float32\"", with: "\"float64\"").utf8), to: path)
        let result = try run("--quiet")
        #expect(result.code == 64)
        #expect(
            result.error == "ntk: the tile store 'run/gram.zarr' holds another Gram matrix (differs in: precision); "
                + "remove it to have it computed anew\n")
    }

    @Test func withoutAStore() throws {
        let run = try Self.run()
        #expect(try run("compute.store=never").code == 0)
        #expect(!FileManager.default.fileExists(atPath: run.folder("run/gram.zarr")))
        // A short run is not worth the disk either.
        let other = try Self.run()
        #expect(try other("compute.store=auto").code == 0)
        #expect(!FileManager.default.fileExists(atPath: other.folder("run/gram.zarr")))
    }
}
