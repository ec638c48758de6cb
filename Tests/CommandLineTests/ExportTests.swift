import Foundation
import StorageTestSupport
import Testing

/// `ntk export`.
@Suite struct ExportTests {
    private static let sections = """
        attacks: [{name: fgsm, eps: 0.1}]
        features: {count: 3, attack: none, images: 1, architectures: [{preset: conv, depth: 1}]}
        save: [kernels, predictions, adversarial]
        """

    /// 60 points in tiles of 16, of which the last is not full.
    private static func run() throws -> SmallRun {
        let run = try SmallRun(
            train: 60, compute: "{backend: cpu, tile: 16, store: always}", sections: sections)
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        return run
    }

    /// A matrix that is exported from its tiles is the one that the run exported from memory.
    @Test func matricesAsNPY() throws {
        let run = try Self.run()
        let wanted = try run.folder.read("run/arrays/ntk_train_train.npy")
        let result = try run.program("export", "run/", "--format", "npy")
        #expect(result.code == 0 && result.error == "", "\(result.error)")
        #expect(
            result.output == """
                file                     array  shape    type
                run/gram_nngp.npy        -      60 × 60  float32
                run/gram_ntk.npy         -      60 × 60  float32
                run/gram_conv-1_ntk.npy  -      60 × 60  float32

                """)
        #expect(try run.folder.read("run/gram_ntk.npy") == wanted)
        let one = try run.program(
            "export", "run/gram.zarr", "--format", "npy", "--matrix", "ntk", "--output", "theta.npy")
        #expect(one.code == 0 && one.output.contains("theta.npy"))
        #expect(try run.folder.read("theta.npy") == wanted)
    }

    @Test(.enabled(if: Python.hasHDF5, "no Python with h5py; NTK_PYTHON can name one"))
    func aRunAsHDF5() throws {
        let run = try Self.run()
        #expect(try run.program("export", "run").code == 0)
        #expect(try run.program("export", "run/gram.zarr", "--quiet").code == 0)
        let check = """
            import glob, json, os, sys, numpy as np, h5py
            run = sys.argv[1] + '/run'
            arrays = {os.path.basename(path)[:-4]: np.load(path) for path in glob.glob(run + '/arrays/*.npy')}
            origin = json.load(open(run + '/gram.zarr/zarr.json'))['attributes']
            with h5py.File(run + '.h5') as file:
                assert sorted(file) == ['arrays', 'gram', 'gram_conv-1']
                assert file.attrs['config'] == open(run + '/config.yaml').read()
                assert dict(file['gram'].attrs) == origin and len(origin) > 4
                assert sorted(file['arrays']) == sorted(arrays) and len(arrays) > 5
                for name, wanted in arrays.items():
                    found = file['arrays'][name]
                    assert found.dtype == wanted.dtype and found[()].tobytes() == wanted.tobytes(), name
                for kind in ['ntk', 'nngp']:
                    matrix = file['gram'][kind]
                    assert matrix.chunks == (16, 16) and matrix.fletcher32
                    assert matrix[()].tobytes() == arrays[kind + '_train_train'].tobytes()
                assert list(file['gram_conv-1']) == ['ntk']
            with h5py.File(run + '/gram.h5') as file:
                assert sorted(file) == ['nngp', 'ntk'] and dict(file.attrs) == origin
                assert file['ntk'][()].tobytes() == arrays['ntk_train_train'].tobytes()
            """
        #expect(try Python.run(check, run.folder.path) == 0)
    }

    @Test func whatCannotBeExported() throws {
        let run = try Self.run()
        func expect(
            _ arguments: [String], _ code: Int32, _ sentence: String, location: SourceLocation = #_sourceLocation
        ) throws {
            let result = try run.program(["export"] + arguments + ["--quiet"])
            #expect(result.code == code, sourceLocation: location)
            #expect(result.error == "ntk: \(sentence)\n" && result.output == "", sourceLocation: location)
        }
        try expect(
            ["nowhere"], 64,
            "'nowhere' is neither a run folder (it holds no config.yaml) nor a tile store (it holds no zarr.json); name "
                + "one of the two")
        try expect(
            ["run/gram.zarr/ntk"], 64,
            "'run/gram.zarr/ntk' is no tile store as a run writes it; name the folder of a run or its gram.zarr")
        try expect(
            ["run", "--format", "npy", "--output", "one.npy"], 64,
            "'one.npy' is one file and there are 3 matrices (gram/nngp, gram/ntk, gram_conv-1/ntk); choose one with "
                + "--matrix, or leave out --output")
        try run.folder.write([7], to: "here.h5")
        try expect(
            ["run", "--output", "here.h5"], 64,
            "'here.h5' is there already; remove it or choose another --output")
        #expect(try run.folder.read("here.h5") == [7])
        var bytes = try run.folder.read("run/gram.zarr/ntk/c/3/1")
        bytes[5] ^= 1
        try run.folder.write(bytes, to: "run/gram.zarr/ntk/c/3/1")
        try expect(
            ["run", "--output", "damaged.h5"], 74,
            "run/gram.zarr/ntk/c/3/1 is damaged: its checksum does not match; compute what is missing with ntk worker "
                + "run, then export again")
        for tile in ["3/1", "2/2"] {
            try FileManager.default.removeItem(atPath: run.folder("run/gram.zarr/ntk/c/" + tile))
        }
        try expect(
            ["run/gram.zarr"], 74,
            "'run/gram.zarr/ntk' lacks 2 of 10 tiles; compute what is missing with ntk worker run, then export again")
        // What the sentence says helps.
        #expect(try run.program("worker", "run", "--shard", "0/1").code == 0)
        #expect(try run.program("export", "run", "--output", "whole.h5").code == 0)
        #expect(!run.folder.names.contains { $0.hasSuffix(".partial") || $0 == "damaged.h5" })
    }

    @Test func withoutATileStore() throws {
        let run = try SmallRun(sections: "save: [predictions]")
        #expect(try run("compute.store=never").code == 0)
        let result = try run.program("export", "run", "--format", "npy")
        #expect(result.code == 74)
        #expect(
            result.error
                == "ntk: the run 'run' has no Gram matrix on disk; run it with compute.store=always in a new folder\n")
        let arrays = try run.program("export", "run")
        #expect(arrays.code == 0 && arrays.output.contains("run.h5  arrays/predictions_tinf  7 × 3  float64"))
    }

    /// A file that cannot grow, as on a full disk: nothing is left of it, and the run is as it was.
    @Test(arguments: ["hdf5", "npy"])
    func aFullDisk(format: String) throws {
        let run = try Self.run()
        let before = (try FileManager.default.subpathsOfDirectory(atPath: run.folder.path)).sorted()
        let result = try run.program.inShell(
            after: "ulimit -f 8",
            ["export", "run/gram.zarr", "--format", format, "--matrix", "ntk", "--output", "file"])
        #expect(result.code == 74)
        #expect(
            result.error == "ntk: file cannot be written: File too large; raise the limit on the size of files "
                + "(ulimit -f) and run the same command again\n")
        #expect((try FileManager.default.subpathsOfDirectory(atPath: run.folder.path)).sorted() == before)
    }
}
