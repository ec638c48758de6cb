import Foundation
import StorageTestSupport
import Testing

@testable import Storage

@Suite struct AtomicFileTests {
    @Test func writesWholeFile() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write("first", to: folder("a.txt"))
        try AtomicFile.write("second", to: folder("a.txt"))
        #expect(try folder.read("a.txt") == Array("second".utf8))
        #expect(folder.names == ["a.txt"])
    }

    @Test func shortWritesAreContinued() throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        try AtomicFile.write(bytes, to: folder("a"), calls: FailingCalls(failing: nil, largestWrite: 7).calls)
        #expect(try folder.read("a") == bytes)
    }

    /// Every call fails once: the old file stays, no temporary file does.
    @Test func anyFailureLeavesTheOldFile() throws {
        let folder = try TemporaryFolder()
        try AtomicFile.write("old", to: folder("a"))
        var failures = 0
        for number in 1... {
            let failing = FailingCalls(failing: number, largestWrite: 2)
            do {
                try AtomicFile.write("newer", to: folder("a"), calls: failing.calls)
                break
            } catch {
                failures += 1
                #expect(error.kind == .unwritable)
                #expect(
                    error.description == "\(folder("a")) cannot be written: No space left on device; "
                        + "free some space and run the same command again")
                #expect(try folder.read("a") == Array("old".utf8))
                #expect(folder.names == ["a"])
            }
        }
        // open, three writes, sync, rename
        #expect(failures == 6)
        #expect(try folder.read("a") == Array("newer".utf8))
    }

    @Test func anErrorOfTheWriterCleansUp() throws {
        let folder = try TemporaryFolder()
        let cause = StorageError.damaged("x", "y")
        #expect(throws: cause) {
            try AtomicFile.write(to: folder("a")) { sink throws(StorageError) in
                try sink.write([UInt8](repeating: 1, count: 10))
                throw cause
            }
        }
        #expect(folder.names == [])
    }

    @Test func missingFolder() throws {
        let folder = try TemporaryFolder()
        let path = folder("absent/a")
        let error = #expect(throws: StorageError.self) { try AtomicFile.write("x", to: path) }
        #expect(error?.description == "\(path) cannot be written: No such file or directory; create its folder first")
    }

    @Test func longNames() throws {
        let folder = try TemporaryFolder()
        let name = String(repeating: "ä", count: 120)
        try AtomicFile.write("x", to: folder(name))
        #expect(folder.names == [name])
    }

    @Test func leftoversAreRemovedAfterAWhile() throws {
        let folder = try TemporaryFolder()
        try folder.write([1], to: ".a.npy.12-x.partial")
        try folder.write([1], to: "kept.partial")
        #expect(AtomicFile.removeLeftovers(in: folder.path) == [])
        #expect(AtomicFile.removeLeftovers(in: folder.path, olderThan: 0) == [".a.npy.12-x.partial"])
        #expect(folder.names == ["kept.partial"])
    }
}
