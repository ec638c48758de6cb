import Compute
import Foundation
import StorageTestSupport
import Testing

@testable import Storage

/// Entries that tell their place.
func numbered(_ rows: Int, _ columns: Int, _ precision: Precision) throws -> HostMatrix {
    let matrix = try HostMatrix(rows: rows, columns: columns, precision: precision)
    for i in 0..<rows {
        for j in 0..<columns {
            switch precision {
            case .float32: matrix.withElements(as: Float.self) { $0[i * columns + j] = Float(1000 * i + j) + 0.5 }
            case .float64: matrix.withElements(as: Double.self) { $0[i * columns + j] = Double(1000 * i + j) + 0.1 }
            }
        }
    }
    return matrix
}

extension ZarrMatrix {
    /// Writes all tiles of a matrix of the store's size.
    func writeAll(_ matrix: HostMatrix) throws {
        for i in 0..<grid.rows {
            for j in 0..<grid.columns {
                try write(i, j, from: matrix, row: rowRange(i).lowerBound, column: columnRange(j).lowerBound)
            }
        }
    }

    func readAll() throws -> Tensor<Double> {
        let matrix = try HostMatrix(rows: rows, columns: columns, precision: precision)
        for i in 0..<grid.rows {
            for j in 0..<grid.columns {
                try read(i, j, into: matrix, row: rowRange(i).lowerBound, column: columnRange(j).lowerBound)
            }
        }
        return matrix.tensor()
    }
}

@Suite struct ZarrMatrixTests {
    @Test(arguments: [(1, 1, 4), (4, 4, 4), (5, 3, 4), (9, 8, 4), (7, 11, 1)], Precision.allCases)
    func whatIsWrittenIsRead(size: (Int, Int, Int), precision: Precision) throws {
        let folder = try TemporaryFolder()
        let matrix = try numbered(size.0, size.1, precision)
        let path = folder("a/b/m.zarr")
        try ZarrMatrix.create(path: path, rows: size.0, columns: size.1, tile: size.2, precision: precision)
            .writeAll(matrix)
        let opened = try #require(try ZarrMatrix.open(path: path))
        #expect(try opened.readAll() == matrix.tensor())
    }

    @Test func aTileGoesToAnyPlace() throws {
        let folder = try TemporaryFolder()
        let store = try ZarrMatrix.create(
            path: folder("m"), rows: 10, columns: 10, tile: 4, precision: .float32)
        let block = try numbered(3, 5, .float32)
        try store.write(2, 1, from: block, row: 1, column: 1)
        let target = try HostMatrix(rows: 10, columns: 10, precision: .float32)
        try store.read(2, 1, into: target, row: 8, column: 4)
        for i in 0..<2 { for j in 0..<4 { #expect(target[8 + i, 4 + j] == block[1 + i, 1 + j]) } }
        #expect(target[8, 3] == 0 && target[7, 4] == 0 && target[8, 8] == 0)
    }

    @Test func missingTiles() throws {
        let folder = try TemporaryFolder()
        let store = try ZarrMatrix.create(path: folder("m"), rows: 8, columns: 8, tile: 4, precision: .float64)
        let matrix = try numbered(8, 8, .float64)
        try store.write(1, 0, from: matrix, row: 4, column: 0)
        #expect(store.holds(1, 0) && !store.holds(0, 0) && !store.holds(1, 1))
        let error = #expect(throws: StorageError.self) { try store.read(1, 1, into: matrix, row: 4, column: 4) }
        #expect(error?.kind == .missing)
        store.remove(1, 0)
        #expect(!store.holds(1, 0))
        #expect(try ZarrMatrix.open(path: folder("nothing")) == nil)
    }

    /// Each bit of a small tile, the checksum's own included.
    @Test func everyFlippedBitIsFound() throws {
        let folder = try TemporaryFolder()
        let store = try ZarrMatrix.create(path: folder("m"), rows: 2, columns: 2, tile: 2, precision: .float32)
        let matrix = try numbered(2, 2, .float32)
        try store.writeAll(matrix)
        let sound = try folder.read("m/c/0/0")
        #expect(sound.count == 20)
        for bit in 0..<160 {
            var bytes = sound
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
            try folder.write(bytes, to: "m/c/0/0")
            let error = #expect(throws: StorageError.self) { try store.read(0, 0, into: matrix, row: 0, column: 0) }
            #expect(error?.kind == .damaged && error?.path == folder("m/c/0/0"))
        }
        for count in [0, 1, 16, 19] {
            try folder.write(Array(sound[..<count]), to: "m/c/0/0")
            let error = #expect(throws: StorageError.self) { try store.read(0, 0, into: matrix, row: 0, column: 0) }
            #expect(error?.reason == "it has \(count) bytes and a tile has 20")
        }
    }

    /// Whatever call fails, the tile is missing or as it was, and a second try succeeds.
    @Test func failingCalls() throws {
        let matrix = try numbered(4, 4, .float32)
        for failing in 1...8 {
            let folder = try TemporaryFolder()
            let system = FailingCalls(failing: failing)
            let path = folder("m")
            let error = #expect(throws: StorageError.self, "call \(failing) did not fail") {
                try ZarrMatrix.create(
                    path: path, rows: 4, columns: 4, tile: 4, precision: .float32, calls: system.calls
                ).write(0, 0, from: matrix, row: 0, column: 0)
            }
            #expect(error?.kind == .unwritable && error?.reason == "No space left on device")
            let store = try ZarrMatrix.create(path: path, rows: 4, columns: 4, tile: 4, precision: .float32)
            #expect(!store.holds(0, 0))
            let left = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            #expect(!left.contains { $0.hasSuffix(".partial") })
            try store.writeAll(matrix)
            #expect(try store.readAll() == matrix.tensor())
        }
    }

    @Test func foreignMetadataIsRefused() throws {
        let folder = try TemporaryFolder()
        _ = try ZarrMatrix.create(path: folder("m"), rows: 4, columns: 4, tile: 4, precision: .float32)
        let text = String(decoding: try folder.read("m/zarr.json"), as: UTF8.self)
        for (word, other) in [("crc32c", "blosc"), ("little", "big"), ("regular", "rectangular"), ("{", "[")] {
            try folder.write(Array(text.replacing(word, with: other).utf8), to: "m/zarr.json")
            let error = #expect(throws: StorageError.self) { try ZarrMatrix.open(path: folder("m")) }
            #expect(error?.kind == .unsupported)
        }
    }
}
