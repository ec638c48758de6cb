import Compute
import Foundation
import StorageTestSupport
import Testing

@testable import Storage

/// Against the Python packages zarr and dask, where this machine has them.
@Suite(.enabled(if: Python.hasZarr, "no Python with zarr 3 and dask; NTK_PYTHON can name one"))
struct ZarrPythonTests {
    @Test(arguments: Precision.allCases)
    func pythonReadsOurs(precision: Precision) throws {
        let folder = try TemporaryFolder()
        let matrix = try numbered(7, 7, precision)
        let store = try TileStore.create(path: folder("gram.zarr"), attributes: ["model": "fc", "version": "1"])
        let ntk = try store.lowerTriangle("ntk", size: 7, tile: 3, precision: precision)
        for (i, j) in [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)] {
            try ntk.write(i, j, from: matrix, row: 3 * i, column: 3 * j)
        }
        try NPY.write(matrix, to: folder("matrix.npy"))
        let check = """
            import sys, numpy as np, zarr, dask.array as da
            path, expected = sys.argv[1] + '/gram.zarr', np.load(sys.argv[1] + '/matrix.npy')
            group = zarr.open_group(path, mode='r')
            assert dict(group.attrs) == {'model': 'fc', 'version': '1'}
            array = group['ntk']
            assert array.shape == (7, 7) and array.chunks == (3, 3) and array.dtype == expected.dtype
            assert array.attrs['triangle'] == 'lower' and array.nchunks_initialized == 6
            values, lower = array[:], np.tril_indices(7)
            assert (values[lower] == expected[lower]).all() and np.isnan(values[0, 3])
            lazy = da.from_zarr(path, component='ntk')
            whole = da.where(da.isnan(lazy), lazy.T, lazy).compute()
            assert (whole[0, 3:] == expected[3:, 0]).all() and (whole[5:, :3] == expected[5:, :3]).all()
            """
        #expect(try Python.run(check, folder.path) == 0)
    }

    @Test func pythonFindsAFlippedByte() throws {
        let folder = try TemporaryFolder()
        let store = try ZarrMatrix.create(path: folder("m"), rows: 4, columns: 4, tile: 4, precision: .float32)
        try store.writeAll(try numbered(4, 4, .float32))
        var bytes = try folder.read("m/c/0/0")
        bytes[5] ^= 1
        try folder.write(bytes, to: "m/c/0/0")
        let check = """
            import sys, zarr
            try:
                zarr.open_array(sys.argv[1] + '/m', mode='r')[:]
            except ValueError as error:
                assert 'checksum' in str(error)
            else:
                sys.exit(3)
            """
        #expect(try Python.run(check, folder.path) == 0)
    }
}
