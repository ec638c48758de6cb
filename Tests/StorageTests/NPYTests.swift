import Compute
import Foundation
import StorageTestSupport
import Testing

@testable import Storage

@Suite struct NPYTests {
    @Test func headersArePaddedTo64() {
        for shape in [[], [3], [2, 3], Array(repeating: 100, count: 20)] {
            let bytes = NPYHeader(type: .float32, shape: shape).bytes
            #expect(bytes.count % 64 == 0)
            #expect(bytes.last == 0x0a)
        }
    }

    @Test func tensorsComeBack() throws {
        let folder = try TemporaryFolder()
        let doubles = Tensor(shape: [2, 3], elements: [1.5, -2, .infinity, 0, .leastNonzeroMagnitude, 1e300])
        try NPY.write(doubles, to: folder("d.npy"))
        #expect(try NPY.read(folder("d.npy")) == .floating(doubles, stored: .float64))
        let floats = Tensor<Float>(shape: [4], elements: [0.1, 2, 3, 4])
        try NPY.write(floats, to: folder("f.npy"))
        #expect(try NPY.read(folder("f.npy")) == .floating(floats.map(Double.init), stored: .float32))
        let integers = Tensor<Int32>(shape: [0, 5], elements: [])
        try NPY.write(integers, to: folder("i.npy"))
        #expect(try NPY.read(folder("i.npy")) == .integer(integers.map(Int.init)))
        let scalar = Tensor<Int32>(shape: [], elements: [-7])
        try NPY.write(scalar, to: folder("s.npy"))
        #expect(try NPY.read(folder("s.npy")) == .integer(scalar.map(Int.init)))
    }

    @Test(arguments: Precision.allCases) func matricesComeBack(precision: Precision) throws {
        let folder = try TemporaryFolder()
        let matrix = try HostMatrix(rows: 3, columns: 5, precision: precision)
        switch precision {
        case .float32: matrix.withElements(as: Float.self) { for i in $0.indices { $0[i] = Float(i) / 3 } }
        case .float64: matrix.withElements(as: Double.self) { for i in $0.indices { $0[i] = Double(i) / 3 } }
        }
        try NPY.write(matrix, to: folder("m.npy"), calls: FailingCalls(failing: nil, largestWrite: 5).calls)
        #expect(try NPY.read(folder("m.npy")) == .floating(matrix.tensor(), stored: precision))
        #expect(try NPY.readMatrix(folder("m.npy")).tensor() == matrix.tensor())
    }

    @Test func streamedRows() throws {
        let folder = try TemporaryFolder()
        try NPY.write(shape: [3, 2], type: .float32, to: folder("a.npy")) { sink throws(StorageError) in
            for row in 0..<3 { try sink.write([Float(row), Float(-row)]) }
        }
        #expect(
            try NPY.read(folder("a.npy"))
                == .floating(Tensor(shape: [3, 2], elements: [0, 0, 1, -1, 2, -2]), stored: .float32))
    }

    @Test func cutShortAnywhere() throws {
        let folder = try TemporaryFolder()
        try NPY.write(Tensor<Double>(shape: [3], elements: [1, 2, 3]), to: folder("a.npy"))
        let bytes = try folder.read("a.npy")
        for length in bytes.indices.dropFirst() {
            let path = try folder.write(Array(bytes[..<length]), to: "cut.npy")
            let error = #expect(throws: StorageError.self, "\(length) bytes") { try NPY.read(path) }
            #expect(error?.kind == .damaged)
        }
        let longer = try folder.write(bytes + [0], to: "longer.npy")
        let error = #expect(throws: StorageError.self) { try NPY.read(longer) }
        #expect(
            error?.description == "\(longer) is damaged: 25 bytes of numbers stand where shape [3] takes 24; "
                + "replace it with a sound copy")
    }

    @Test(arguments: [
        ("'descr': '>f8', 'fortran_order': False, 'shape': (1,), ", "big endian"),
        ("'descr': '|O', 'fortran_order': False, 'shape': (1,), ", "pickled"),
        ("'descr': '<c16', 'fortran_order': False, 'shape': (1,), ", "of type '<c16'"),
        ("'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), ", "several fields"),
        ("'descr': '<f8', 'fortran_order': False, ", "not one that numpy writes"),
        ("'descr': '<f8', 'fortran_order': Maybe, 'shape': (1,), ", "not one that numpy writes"),
        ("'descr': '<f8', 'fortran_order': False, 'shape': (-1,), ", "not one that numpy writes"),
        ("'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807, 2), ", "beyond all memory"),
    ]) func refusals(dictionary: String, word: String) throws {
        let folder = try TemporaryFolder()
        let text = Array("{\(dictionary)}\n".utf8)
        let bytes = NPYHeader.magic + [1, 0, UInt8(text.count), 0] + text + [UInt8](repeating: 0, count: 8)
        let path = try folder.write(bytes, to: "a.npy")
        let error = #expect(throws: StorageError.self) { try NPY.read(path) }
        #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
    }

    @Test func otherFiles() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(Array("PK-something".utf8), to: "a.npy")
        let error = #expect(throws: StorageError.self) { try NPY.read(path) }
        #expect(error?.description == "\(path) cannot be read: it is not a .npy file; save it with numpy.save")
    }

    @Test func everyFailedCallLeavesNothing() throws {
        let folder = try TemporaryFolder()
        for number in 1...5 {
            let tensor = Tensor<Float>(shape: [2], elements: [1, 2])
            #expect(throws: StorageError.self) {
                try NPY.write(tensor, to: folder("a.npy"), calls: FailingCalls(failing: number).calls)
            }
            #expect(folder.names == [])
        }
    }
}
