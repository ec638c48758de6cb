import CPUBackend
import Compute
import Foundation
import OpenCLBackend
import Storage
import StorageTestSupport
import Synchronization
import Testing

@testable import Inference

@Suite struct TiledCholeskyTests {
    /// Both factorisations are backward stable: a small multiple of n ε times the condition, here about 100.
    private let bound = 1e-12

    private struct Case {
        let folder: TemporaryFolder
        let gram: HostMatrix
        let targets: Tensor<Double>
        let store: ZarrMatrix
        let n: Int
        let tile: Int
        let warnings = Warnings()

        init(n: Int, tile: Int, _ precision: Precision = .float64) throws {
            (self.n, self.tile) = (n, tile)
            folder = try TemporaryFolder()
            gram = try Matrices.lower(Matrices.gram(n, rank: n + 3, shift: 0.1, seed: UInt64(n)), n, precision)
            targets = Matrices.targets(n, 3, seed: 5)
            store = try ZarrMatrix.create(
                path: folder("factor"), rows: n, columns: n, tile: tile, precision: .float64)
        }

        func factor(on backends: [any Backend] = [], memory: Int = 0) -> TiledCholesky {
            TiledCholesky(
                MemoryTiles(matrix: gram, tile: tile), ridge: 0.25, diagReg: 0.25, in: store, on: backends,
                memory: memory, warn: { [warnings] in warnings.add($0) })
        }

        var files: [String: [UInt8]] {
            get throws {
                let names = try FileManager.default.subpathsOfDirectory(atPath: folder("factor/c")).filter {
                    $0.contains("/")
                }
                return Dictionary(uniqueKeysWithValues: try names.map { ($0, try folder.read("factor/c/" + $0)) })
            }
        }
    }

    private final class Warnings: Sendable {
        private let sentences = Mutex<[String]>([])

        func add(_ sentence: String) { sentences.withLock { $0.append(sentence) } }

        var all: [String] { sentences.withLock { $0 } }
    }

    private static let backends: [String: [any Backend]] = [
        "host": [], "cpu": [CPUBackend(threads: 2)], "two": [CPUBackend(threads: 1), CPUBackend(threads: 1)],
    ]

    @Test(arguments: [(1, 4), (7, 16), (32, 16), (47, 16), (150, 32)], ["host", "cpu", "two"])
    func theSolutionIsThatInMemory(size: (n: Int, tile: Int), place: String) throws {
        for precision in [Precision.float32, .float64] {
            let one = try Case(n: size.n, tile: size.tile, precision)
            let factor = one.factor(on: Self.backends[place] ?? [], memory: 5 * size.tile * size.tile * 8)
            try factor.factor()
            let whole = try CholeskyFactor(one.gram, ridge: 0.25, diagReg: 0.25).solve(one.targets)
            #expect(Matrices.distance(try factor.solve(one.targets).elements, whole.elements) < bound)
            let tiles = (size.n + size.tile - 1) / size.tile
            #expect(try one.files.count == tiles * (tiles + 1) / 2)
        }
    }

    @Test func theSolutionOnOpenCLIsThatInMemory() throws {
        let devices = try OpenCLDevices.all().filter { $0.device.supportsFloat64 }
        try #require(!devices.isEmpty || ProcessInfo.processInfo.environment["REQUIRE_OPENCL"] == nil)
        guard let device = devices.first else { return }
        let one = try Case(n: 150, tile: 32)
        let factor = one.factor(on: [try OpenCLBackend(device)])
        try factor.factor()
        let whole = try CholeskyFactor(one.gram, ridge: 0.25, diagReg: 0.25).solve(one.targets)
        #expect(Matrices.distance(try factor.solve(one.targets).elements, whole.elements) < bound)
    }

    /// Stopped after every number of steps, with another cache each time: the files end with the same bytes.
    @Test func aFactorisationThatWasStoppedEndsWithTheSameBytes() throws {
        let whole = try Case(n: 70, tile: 16)
        try whole.factor(on: [CPUBackend(threads: 2)], memory: 1 << 20).factor()
        let wanted = try whole.files
        let one = try Case(n: 70, tile: 16)
        for limit in 1... {
            let asked = Atomic(0)
            let stop = limit % 5 + 1
            do throws(InferenceError) {
                try one.factor(on: [CPUBackend(threads: 2)], memory: limit % 3 * 4096).factor { _, _ in
                } isCancelled: {
                    asked.add(1, ordering: .relaxed).newValue > stop
                }
                break
            } catch {
                #expect(error == .cancelled)
            }
            try #require(limit < 100)
        }
        #expect(try one.files == wanted)
    }

    /// A flipped byte and a lost file, in any tile: named, computed anew, same bytes, same solution.
    @Test(arguments: ["0/0", "2/0", "3/3", "4/2"])
    func damagedTilesAreFound(name: String) throws {
        let one = try Case(n: 70, tile: 16)
        try one.factor().factor()
        let (wanted, solution) = (try one.files, try one.factor().solve(one.targets))
        var bytes = try #require(wanted[name])
        bytes[777] ^= 0x10
        try one.folder.write(bytes, to: "factor/c/" + name)
        let again = one.factor()
        try again.factor()
        #expect(try again.solve(one.targets) == solution)
        #expect(
            one.warnings.all == [
                "\(one.folder("factor/c/" + name)) is damaged: its checksum does not match; the tile is computed anew"
            ])
        #expect(try one.files == wanted)
        try FileManager.default.removeItem(atPath: one.folder("factor/c/" + name))
        #expect(try one.factor().solve(one.targets) == solution)
        #expect(try one.files == wanted)
    }

    @Test func aPivotThatIsNotPositiveIsNamedByItsRow() throws {
        let n = 50
        var matrix = Matrices.gram(n, rank: n, shift: 1, seed: 2)
        matrix[36 * n + 36] = -3
        let folder = try TemporaryFolder()
        let store = try ZarrMatrix.create(path: folder("f"), rows: n, columns: n, tile: 16, precision: .float64)
        let tiles = MemoryTiles(matrix: try Matrices.lower(matrix, n), tile: 16)
        let error = #expect(throws: InferenceError.self) {
            try TiledCholesky(tiles, ridge: 0, diagReg: 1e-6, in: store, on: [], memory: 0).factor()
        }
        guard case .notPositiveDefinite(37, n, let pivot, 1e-6) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(pivot < 0)
        matrix[36 * n + 20] = .nan
        let other = MemoryTiles(matrix: try Matrices.lower(matrix, n), tile: 16)
        let empty = try ZarrMatrix.create(path: folder("g"), rows: n, columns: n, tile: 16, precision: .float64)
        let infinite = #expect(throws: InferenceError.self) {
            try TiledCholesky(other, ridge: 0, diagReg: 0, in: empty, on: [], memory: 0).factor()
        }
        #expect(infinite?.description.hasPrefix("Θ[36, 20] is nan") == true, "\(String(describing: infinite))")
    }

    @Test func aFullDiskIsOneSentence() throws {
        let one = try Case(n: 40, tile: 16)
        // Four calls make a file; the write of the third one fails.
        let calls = FailingCalls(failing: 10)
        let store = try #require(try ZarrMatrix.open(path: one.folder("factor"), calls: calls.calls))
        let tiles = MemoryTiles(matrix: one.gram, tile: 16)
        let error = #expect(throws: InferenceError.self) {
            try TiledCholesky(tiles, ridge: 0.25, diagReg: 0.25, in: store, on: [], memory: 0).factor()
        }
        #expect(error?.description.contains("cannot be written") == true, "\(String(describing: error))")
        // What was there before stays, and the rest is made.
        #expect(try one.files.count == 2)
        try one.factor().factor()
        #expect(try one.files.count == 6)
    }
}
