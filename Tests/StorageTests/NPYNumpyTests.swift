import Compute
import StorageTestSupport
import Testing

@testable import Storage

/// Against numpy itself, where this machine has it.
@Suite(.enabled(if: Python.hasNumpy, "python3 with numpy is not installed"))
struct NPYNumpyTests {
    @Test func numpyReadsOurs() throws {
        let folder = try TemporaryFolder()
        try NPY.write(Tensor<Double>(shape: [2, 3], elements: [1, 2, 3, 4, 5, 6.5]), to: folder("d.npy"))
        try NPY.write(Tensor<Int32>(shape: [3], elements: [1, -2, 3]), to: folder("i.npy"))
        try NPY.write(Tensor<Float>(shape: [], elements: [0.25]), to: folder("s.npy"))
        let check = """
            import sys, numpy as np
            d, i, s = (np.load(sys.argv[1] + '/' + n + '.npy') for n in 'dis')
            assert d.dtype == np.float64 and d.flags.c_contiguous and (d == [[1, 2, 3], [4, 5, 6.5]]).all()
            assert i.dtype == np.int32 and (i == [1, -2, 3]).all()
            assert s.dtype == np.float32 and s.shape == () and s == 0.25
            """
        #expect(try Python.run(check, folder.path) == 0)
    }

    @Test func weReadNumpys() throws {
        let folder = try TemporaryFolder()
        let save = """
            import sys, numpy as np
            p = sys.argv[1] + '/'
            a = np.arange(24).reshape(2, 3, 4)
            np.save(p + 'c.npy', a.astype('<f4'))
            np.save(p + 'f.npy', np.asfortranarray(a.astype('<f8')))
            np.save(p + 'u.npy', a.astype('u1'))
            np.save(p + 'l.npy', a.astype('<i8'))
            np.save(p + 'i.npy', np.asfortranarray(a.astype('<i4')))
            np.lib.format.write_array(open(p + 'v2.npy', 'wb'), a.astype('<f8'), version=(2, 0))
            np.save(p + 'b.npy', a.astype('>f8'))
            np.save(p + 'o.npy', np.array([None]), allow_pickle=True)
            """
        #expect(try Python.run(save, folder.path) == 0)
        let doubles = Tensor(shape: [2, 3, 4], elements: (0..<24).map(Double.init))
        let integers = NPYArray.integer(Tensor(shape: [2, 3, 4], elements: Array(0..<24)))
        #expect(try NPY.read(folder("c.npy")) == .floating(doubles, stored: .float32))
        #expect(try NPY.read(folder("f.npy")) == .floating(doubles, stored: .float64))
        #expect(try NPY.read(folder("v2.npy")) == .floating(doubles, stored: .float64))
        for name in ["u", "l", "i"] { #expect(try NPY.read(folder(name + ".npy")) == integers) }
        for name in ["b", "o"] {
            let error = #expect(throws: StorageError.self) { try NPY.read(folder(name + ".npy")) }
            #expect(error?.kind == .unsupported)
        }
    }
}
