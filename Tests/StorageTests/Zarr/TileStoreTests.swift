import StorageTestSupport
import Testing

@testable import Storage

@Suite struct TileStoreTests {
    @Test func attributesAreKept() throws {
        let folder = try TemporaryFolder()
        let path = folder("gram.zarr")
        #expect(try TileStore.open(path: path) == nil)
        try Folder.make(path)
        #expect(try TileStore.open(path: path) == nil)
        let attributes = ["model": "{\"preset\":\"fc\"}", "version": "1"]
        _ = try TileStore.create(path: path, attributes: attributes)
        let store = try #require(try TileStore.open(path: path))
        #expect(store.attributes == attributes)
        #expect(store.differences(from: attributes) == [])
        #expect(store.differences(from: ["model": "{}", "precision": "float32"]) == ["model", "precision", "version"])
        #expect(try store.matrix("ntk") == nil)
        _ = try store.lowerTriangle("ntk", size: 5, tile: 2, precision: .float32)
        #expect(try store.matrix("ntk")?.tile == 2)
        #expect(try store.matrix("nngp") == nil)
    }

    @Test func anArrayIsNoStore() throws {
        let folder = try TemporaryFolder()
        _ = try ZarrMatrix.create(path: folder("m"), rows: 4, columns: 4, tile: 4, precision: .float32)
        #expect(throws: StorageError.self) { try TileStore.open(path: folder("m")) }
    }
}
