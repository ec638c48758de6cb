import Foundation
import StorageTestSupport
import Synchronization
import Testing

@testable import Datasets

/// Against a server of their own; one at a time, because each waits for the network.
@Suite(.serialized, .timeLimit(.minutes(1))) struct DatasetFetcherTests {
    let folder: TemporaryFolder
    let server: RangeServer
    let files = SmallDatasets.idxFiles()
    let locator: DatasetLocator
    var home: String { "home/.local/share/ntk/mnist" }

    init() throws {
        folder = try TemporaryFolder()
        server = try RangeServer()
        // The first address of every file is absent there.
        locator = SmallDatasets.locator(folder, [try SmallDatasets.description(.mnist, files, url: server.url)])
        for file in files { server.serve(gzip(file.bytes), at: "/\(file.name).gz") }
    }

    var gzipPaths: [String] { files.map { folder("\(home)/\($0.name).gz") } }

    @Test func fetchesAndLoads() async throws {
        defer { server.stop() }
        let seen = Mutex<Set<String>>([])
        let paths = try await DatasetFetcher(locator: locator).fetch(.mnist) { name, done, total in
            #expect(done <= total ?? 0)
            seen.withLock { _ = $0.insert(name) }
        }
        #expect(paths == gzipPaths)
        #expect(seen.withLock { $0 } == Set(files.map(\.name)))
        #expect(try Dataset.load(DatasetRequest(name: .mnist), from: locator).trainInputs.count == 12)
        #expect(try locator.verify(.mnist).allSatisfy { $0.status == .ok })
        #expect(locator.availability(of: .mnist).map(\.folder) == [folder(home)])
        // What is there and sound is not fetched again.
        let count = server.requests.count
        #expect(try await DatasetFetcher(locator: locator).fetch(.mnist) == paths)
        #expect(server.requests.count == count)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder(home)).allSatisfy { !$0.hasSuffix(".part") })
    }

    @Test func goesOnWhereItStopped() async throws {
        defer { server.stop() }
        server.behave(.init(cutAnswers: 1, cut: 30))
        let error = await #expect(throws: DatasetError.self) {
            try await DatasetFetcher(locator: locator).fetch(.mnist)
        }
        #expect(error?.kind == .download && error?.isDataAtFault == true)
        #expect(error?.description.hasSuffix("; run the same command again to go on from there") == true)
        #expect(try folder.read("\(home)/\(files[0].name).gz.part") == Array(gzip(files[0].bytes).prefix(30)))
        _ = try await DatasetFetcher(locator: locator).fetch(.mnist)
        #expect(server.requests.contains(.init(path: "/\(files[0].name).gz", start: 30)))
        #expect(try folder.read("\(home)/\(files[0].name).gz") == gzip(files[0].bytes))
    }

    @Test func serversWithoutRanges() async throws {
        defer { server.stop() }
        server.behave(.init(knowsRanges: false))
        try folder.write([1, 2, 3], to: "\(home)/\(files[0].name).gz.part")
        _ = try await DatasetFetcher(locator: locator).fetch(.mnist)
        #expect(try folder.read("\(home)/\(files[0].name).gz") == gzip(files[0].bytes))
    }

    /// A complete part is only verified; one that is wrong or too long is fetched anew.
    @Test(arguments: [0, 1, 2]) func partsOfEveryKind(kind: Int) async throws {
        defer { server.stop() }
        let whole = gzip(files[0].bytes)
        var part = whole
        if kind == 1 { part[20] ^= 255 }
        if kind == 2 { part += [1, 2] }
        try folder.write(part, to: "\(home)/\(files[0].name).gz.part")
        _ = try await DatasetFetcher(locator: locator).fetch(.mnist)
        #expect(try folder.read("\(home)/\(files[0].name).gz") == whole)
    }

    @Test func otherContentsNeverGetTheName() async throws {
        defer { server.stop() }
        server.serve(Array("<html>gone</html>".utf8), at: "/\(files[1].name).gz")
        let error = await #expect(throws: DatasetError.self) {
            try await DatasetFetcher(locator: locator).fetch(.mnist)
        }
        #expect(error?.kind == .damaged)
        #expect(error?.description.hasPrefix("\(server.url)/\(files[1].name).gz is damaged: it has SHA256 ") == true)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder(home))
        #expect(names == ["\(files[0].name).gz"])
    }

    @Test func nobodyAnswers() async throws {
        server.stop()
        let nowhere = SmallDatasets.locator(
            folder, [try SmallDatasets.description(.mnist, files, url: "http://127.0.0.1:9")])
        let error = await #expect(throws: DatasetError.self) {
            try await DatasetFetcher(locator: nowhere).fetch(.mnist)
        }
        #expect(error?.kind == .download)
        let arrays = await #expect(throws: DatasetError.self) { try await DatasetFetcher(locator: nowhere).fetch(.npy) }
        #expect(arrays?.description == "npy is not served anywhere; fetch one of mnist")
        #expect(arrays?.isDataAtFault == false)
    }

    @Test func anotherProcessIsFetching() async throws {
        defer { server.stop() }
        let path = try folder.write([], to: "\(home)/\(files[0].name).gz.part")
        let descriptor = open(path, O_RDWR)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX) == 0)
        let error = await #expect(throws: DatasetError.self) {
            try await DatasetFetcher(locator: locator).fetch(.mnist)
        }
        #expect(error?.description == "\(path) is being written by another process; wait for it to end")
    }

    @Test func archives() async throws {
        defer { server.stop() }
        let records = (0..<2).map { SmallDatasets.record(UInt8($0), start: $0) }
        let archive = gzip(
            tar([
                ("batches/", []), ("batches/a.bin", records[0]), ("batches/readme", [1]), ("batches/b.bin", records[1]),
            ]))
        server.serve(archive, at: "/c.tar.gz")
        let edition = DatasetEdition(
            "official", train: [try SmallDatasets.file("a.bin", records[0])],
            test: [try SmallDatasets.file("b.bin", records[1])], folders: ["batches"],
            archive: try SmallDatasets.file("c.tar.gz", archive, urls: [server.url + "/c.tar.gz"]))
        let description = DatasetDescription(
            name: .cifar10, format: .cifar10, classNames: ["p", "q"], imageShape: [32, 32, 3], editions: [edition],
            advice: "fetch it")
        let locator = SmallDatasets.locator(folder, [description])
        _ = try await DatasetFetcher(locator: locator).fetch(.cifar10)
        let target = folder("home/.local/share/ntk/cifar10")
        #expect(try FileManager.default.contentsOfDirectory(atPath: target).sorted() == ["a.bin", "b.bin"])
        #expect(try locator.verify(.cifar10).map(\.status) == [.ok, .ok])
        _ = try await DatasetFetcher(locator: locator).fetch(.cifar10)
        #expect(server.requests.count == 1)
    }

    func tar(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
        members.flatMap { member in
            var header = [UInt8](repeating: 0, count: 512)
            func put(_ text: String, at position: Int) {
                for (i, byte) in text.utf8.enumerated() { header[position + i] = byte }
            }
            put(member.name, at: 0)
            put(String(member.bytes.count, radix: 8), at: 124)
            put(member.name.hasSuffix("/") ? "5" : "0", at: 156)
            put("ustar", at: 257)
            put("        ", at: 148)
            put(String(header.reduce(0) { $0 + Int($1) }, radix: 8), at: 148)
            let padding = (512 - member.bytes.count % 512) % 512
            return header + member.bytes + [UInt8](repeating: 0, count: padding)
        } + [UInt8](repeating: 0, count: 1024)
    }
}

@Suite struct DatasetVerificationTests {
    @Test func everyFileByItself() throws {
        let folder = try TemporaryFolder()
        let files = SmallDatasets.idxFiles()
        let locator = SmallDatasets.locator(folder, [try SmallDatasets.description(.mnist, files)])
        #expect(try locator.verify(.mnist).map(\.status) == [.missing, .missing, .missing, .missing])
        #expect(locator.availability(of: .mnist).isEmpty)
        try folder.write(files[0].bytes, to: "here/data/\(files[0].name)")
        try folder.write(Array(gzip(files[1].bytes).dropLast()), to: "here/data/\(files[1].name).gz")
        try folder.write(files[2].bytes + [0], to: "here/data/\(files[2].name)")
        let results = try locator.verify(.mnist)
        #expect(results.map(\.name) == files.map(\.name))
        #expect(results[0].status == .ok && results[3].status == .missing)
        #expect(results[0].sha256 == locator.registry[.mnist]?.editions[0].files[0].sha256)
        guard case .damaged(let cut) = results[1].status, case .damaged(let other) = results[2].status else {
            Issue.record("damage was not noticed")
            return
        }
        #expect(cut.contains("the compressed data end early") && results[1].sha256 == nil)
        #expect(other.contains("is not the published") && results[2].sha256 != nil)
        #expect(throws: DatasetError.self) { try locator.verify(.npy) }
    }
}
