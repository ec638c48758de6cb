import Compute
import Foundation
import StorageTestSupport
import Testing

@testable import Storage

@Suite struct HDF5FileTests {
    /// Entries that tell their place on or below the diagonal.
    private static func symmetric(_ n: Int, _ precision: Precision) throws -> HostMatrix {
        func copy<T: Real>(_ numbers: UnsafeMutableBufferPointer<T>) {
            for i in 0..<n { for j in 0..<i { numbers[j * n + i] = numbers[i * n + j] } }
        }
        let matrix = try numbered(n, n, precision)
        switch precision {
        case .float32: matrix.withElements(as: Float.self) { copy($0) }
        case .float64: matrix.withElements(as: Double.self) { copy($0) }
        }
        return matrix
    }

    /// The lower triangle of a matrix, in a store of its own.
    private static func strips(
        _ matrix: HostMatrix, tile: Int, in folder: TemporaryFolder
    ) throws -> SymmetricStrips {
        let store = try TileStore.create(path: folder("gram.zarr"), attributes: [:])
        let tiles = try store.lowerTriangle("ntk", size: matrix.rows, tile: tile, precision: matrix.precision)
        for i in 0..<tiles.grid.rows {
            for j in 0...i {
                try tiles.write(
                    i, j, from: matrix, row: tiles.rowRange(i).lowerBound, column: tiles.rowRange(j).lowerBound)
            }
        }
        return try SymmetricStrips(tiles)
    }

    /// Tiles that do not divide the rows, one tile alone, and a tile larger than the matrix.
    @Test(.enabled(if: Python.hasHDF5, "no Python with h5py; NTK_PYTHON can name one"), arguments: [3, 7, 9])
    func pythonReadsOurs(tile: Int) throws {
        for precision in Precision.allCases {
            let folder = try TemporaryFolder()
            let strips = try Self.strips(try Self.symmetric(7, precision), tile: tile, in: folder)
            try NPY.write(Self.symmetric(7, precision), to: folder("expected.npy"))
            try NPY.write(strips, to: folder("whole.npy"))
            let arrays: [String: Tensor<Double>] = [
                "scalar": Tensor(shape: [], elements: [0.1]), "empty": Tensor(shape: [0, 3], elements: []),
                "deep": Tensor(shape: [5, 2, 1, 3], elements: (0..<30).map { 0.1 * Double($0) }),
                // More than a megabyte: several chunks, the last one not full.
                "long": Tensor(shape: [70_001, 2], elements: (0..<140_002).map { 1 / Double(1 + $0) }),
            ]
            for (name, tensor) in arrays { try NPY.write(tensor, to: folder("\(name).npy")) }
            try NPY.write(Tensor(shape: [4], elements: [-1, 2, 3, 2_000_000_000] as [Int32]), to: folder("labels.npy"))
            try HDF5File.write(to: folder("file.h5")) { file throws(StorageError) in
                try file.add(["config": String(repeating: "ε: 8/255\n", count: 20_000)])
                try file.addGroup("gram", attributes: ["model": "fc", "commit": ""])
                try file.add(strips, as: "gram/ntk")
                try file.addGroup("arrays")
                for name in arrays.keys.sorted() + ["labels"] {
                    try file.add(npy: folder("\(name).npy"), as: "arrays/" + name)
                }
            }
            let check = """
                import sys, numpy as np, h5py
                folder, tile, names = sys.argv[1], int(sys.argv[2]), sys.argv[3].split()
                expected = np.load(folder + '/expected.npy')
                assert np.array_equal(np.load(folder + '/whole.npy'), expected)
                with h5py.File(folder + '/file.h5') as file:
                    assert file.attrs['config'] == 'ε: 8/255\\n' * 20000
                    assert dict(file['gram'].attrs) == {'model': 'fc', 'commit': ''}
                    ntk = file['gram/ntk']
                    assert ntk.dtype == expected.dtype and ntk.chunks == (min(tile, 7),) * 2 and ntk.fletcher32
                    assert np.array_equal(ntk[:], expected)
                    assert sorted(file['arrays']) == sorted(names)
                    for name in names:
                        array, wanted = file['arrays'][name], np.load(f'{folder}/{name}.npy')
                        assert array.shape == wanted.shape and array.dtype == wanted.dtype, name
                        assert np.array_equal(array[()], wanted), name
                """
            let names = (arrays.keys.sorted() + ["labels"]).joined(separator: " ")
            #expect(try Python.run(check, folder.path, "\(tile)", names) == 0, "\(precision)")
        }
    }

    /// Whichever call fails, what stood there before stands there still, and no part of the new file.
    @Test func aFailureLeavesNothing() throws {
        let folder = try TemporaryFolder()
        let strips = try Self.strips(try Self.symmetric(7, .float32), tile: 3, in: folder)
        try folder.write([1, 2, 3], to: "file.h5")
        let before = folder.names
        var failures = 0
        for n in 1... {
            let calls = FailingCalls(failing: n)
            do throws(StorageError) {
                try HDF5File.write(to: folder("file.h5"), calls: calls.calls) { file throws(StorageError) in
                    try file.add(strips, as: "ntk")
                }
                break
            } catch {
                failures += 1
                #expect(error.description.hasPrefix(folder("file.h5") + " cannot be written: No space left on device"))
                #expect(folder.names == before)
                #expect(try folder.read("file.h5") == [1, 2, 3])
            }
        }
        #expect(failures == 3 && folder.names == before)
        #expect(try folder.read("file.h5").starts(with: [0x89] + Array("HDF".utf8)))
    }

    @Test func whatIsReadFromFails() throws {
        let folder = try TemporaryFolder()
        let strips = try Self.strips(try Self.symmetric(7, .float32), tile: 3, in: folder)
        strips.matrix.remove(2, 0)
        #expect(strips.matrix.missingTiles == 1 && strips.matrix.lowerTiles == 6)
        #expect(throws: StorageError.self) {
            try HDF5File.write(to: folder("file.h5")) { file throws(StorageError) in
                try file.add(strips, as: "ntk")
            }
        }
        #expect(folder.names == ["gram.zarr"])
    }

    @Test func aFolderThatIsNotThere() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: StorageError.self) { try HDF5File.write(to: folder("no/file.h5")) { _ in } }
        #expect(
            error?.description
                == "\(folder("no/file.h5")) cannot be written: No such file or directory; create its folder first")
    }
}
