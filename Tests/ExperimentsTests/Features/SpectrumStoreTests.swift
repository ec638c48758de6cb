import Compute
import Foundation
import Inference
import StorageTestSupport
import Testing

@testable import Experiments

@Suite struct SpectrumStoreTests {
    private let folder: TemporaryFolder
    private let gram: HostMatrix

    init() throws {
        folder = try TemporaryFolder()
        gram = try HostMatrix(rows: 20, columns: 20, precision: .float32)
        gram.withElements(as: Float.self) { target in
            for i in 0..<20 { for j in 0..<20 { target[i * 20 + j] = i == j ? 2 : 1 / Float(1 + abs(i - j)) } }
        }
    }

    private var files: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder("spectra"))) ?? []).sorted()
    }

    @Test func whatIsStoredComesBackBitForBit() throws {
        let store = SpectrumStore(folder: folder("spectra"))
        let key = try store.key(gram, count: 20, devices: ["cpu"])
        #expect(store.load(key, for: gram) == nil)
        let spectrum = try Spectrum(of: gram)
        store.store(spectrum, key)
        let found = try #require(store.load(key, for: gram))
        #expect(found.eigenvalues == spectrum.eigenvalues && found.residual == nil)
        for i in 0..<20 { #expect(found.eigenvector(i) == spectrum.eigenvector(i)) }
    }

    @Test func otherQuestionsHaveOtherNames() throws {
        let store = SpectrumStore(folder: folder("spectra"))
        let key = try store.key(gram, count: 20, devices: ["cpu"])
        #expect(try store.key(gram, count: 10, devices: ["cpu"]) != key)
        #expect(try store.key(gram, count: 20, devices: ["cpu", "gpu"]) != key)
        gram.withElements(as: Float.self) { $0[7] = $0[7].nextUp }
        #expect(try store.key(gram, count: 20, devices: ["cpu"]) != key)
    }

    @Test(arguments: [0, 30, 900, 3000]) func aDamagedEntryIsNotThere(place: Int) throws {
        let store = SpectrumStore(folder: folder("spectra"))
        store.store(try Spectrum(of: gram), "key")
        #expect(store.load("key", for: gram) != nil)
        var bytes = try folder.read("spectra/key.npy")
        bytes[place] ^= 0x41
        // The middle of a number may change by less than anyone can see: its first bytes do not.
        if place >= 128 { bytes[place / 8 * 8 + 6] ^= 0x41 }
        try folder.write(bytes, to: "spectra/key.npy")
        #expect(store.load("key", for: gram) == nil)
        try folder.write(Array(bytes.dropLast(8)), to: "spectra/key.npy")
        #expect(store.load("key", for: gram) == nil)
    }

    @Test func theOldestGiveWay() throws {
        var store = SpectrumStore(folder: folder("spectra"))
        let spectrum = try Spectrum(of: gram)
        store.store(spectrum, "a")
        let size = try folder.read("spectra/a.npy").count
        store.capacity = 5 * size / 2
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: folder("spectra/a.npy"))
        store.store(spectrum, "b")
        #expect(files == ["a.npy", "b.npy"])
        store.store(spectrum, "c")
        #expect(files == ["b.npy", "c.npy"])
        store.capacity = size
        store.store(spectrum, "d")
        #expect(files == ["b.npy", "c.npy"])
    }

    @Test func theFolderFollowsTheEnvironment() {
        #expect(SpectrumStore(environment: ["XDG_CACHE_HOME": "/c", "HOME": "/h"])?.folder == "/c/ntk/spectra")
        #expect(SpectrumStore(environment: ["XDG_CACHE_HOME": "c", "HOME": "/h"])?.folder == "/h/.cache/ntk/spectra")
        #expect(SpectrumStore(environment: [:]) == nil)
    }
}
