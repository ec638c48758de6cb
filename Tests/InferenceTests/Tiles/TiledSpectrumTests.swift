import Compute
import Foundation
import Synchronization
import Testing

@testable import Inference

@Suite struct TiledSpectrumTests {
    @Test(arguments: [Precision.float32, .float64], [7, 64, 500])
    func theLargestEigenvaluesAreThoseInMemory(precision: Precision, tile: Int) throws {
        let n = 133
        let gram = try Matrices.lower(Matrices.gram(n, rank: n, shift: 0.05, seed: 3), n, precision)
        let wanted = try Spectrum(of: gram)
        let tiles = MemoryTiles(matrix: gram, tile: tile)
        let products = Mutex(0)
        var control = TiledRegression.Control()
        control.progress = { done, _ in products.withLock { $0 = done } }
        let found = try Spectrum.largest(5, of: tiles, memory: 1 << 16, control: control)
        #expect(found.count == 5 && products.withLock { $0 } > 1)
        #expect(found.residual.map { $0 <= 1e-12 } == true)
        for i in 0..<5 {
            #expect(abs(found.eigenvalues[i] - wanted.eigenvalues[i]) < 1e-11 * wanted.eigenvalues[0])
        }
        #expect(try found.fits(tiles))
        let other = try Matrices.lower(Matrices.gram(n, rank: n, shift: 0.05, seed: 4), n, precision)
        #expect(try !found.fits(MemoryTiles(matrix: other, tile: tile)))
    }

    @Test func aSearchStopsWhenItIsTold() throws {
        let gram = try Matrices.lower(Matrices.gram(133, rank: 133, shift: 0.05, seed: 3), 133)
        var control = TiledRegression.Control()
        control.isCancelled = { true }
        #expect(throws: InferenceError.cancelled) {
            try Spectrum.largest(5, of: MemoryTiles(matrix: gram, tile: 32), memory: 0, control: control)
        }
    }

    @Test func whatDoesNotFitIsKnownBeforehand() {
        #expect(Spectrum.isFoundOnDisk(5, of: 133) && !Spectrum.isFoundOnDisk(5, of: 60))
        #expect(!Spectrum.isFoundOnDisk(100, of: 331) && Spectrum.isFoundOnDisk(100, of: 332))
        // 331 vectors and their images, and 133 of each at a restart: 5.3 kB and more for each point.
        #expect(Spectrum.diskMemory(100, of: 50_000) == 8 * 50_000 * (2 * 331 + 33 + 2 * 133))
    }
}
