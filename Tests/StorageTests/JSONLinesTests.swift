import Foundation
import StorageTestSupport
import Testing

@testable import Storage

@Suite struct JSONLinesTests {
    struct Row: Codable, Equatable {
        var b: Double
        var a: String
    }

    @Test func appendsWholeLines() throws {
        let folder = try TemporaryFolder()
        let path = folder("metrics.jsonl")
        do {
            let lines = try JSONLines(path: path)
            try lines.append(Row(b: 0.5, a: "x/y"))
            try lines.append(Row(b: .infinity, a: "ü"))
            try lines.synchronize()
        }
        try JSONLines(path: path).append(line: "{}")
        #expect(try JSONLines.lines(of: path) == [#"{"a":"x/y","b":0.5}"#, #"{"a":"ü","b":"inf"}"#, "{}"])
        #expect(try JSONLines.lines(of: folder("absent")) == [])
    }

    @Test(arguments: [1, 4095, 4096, 4097, 10_000]) func halfALineIsTakenBack(length: Int) throws {
        let folder = try TemporaryFolder()
        let half = [UInt8](repeating: 0x78, count: length)
        let path = try folder.write(Array("{\"a\":1}\n".utf8) + half, to: "m.jsonl")
        #expect(try JSONLines.lines(of: path) == ["{\"a\":1}"])
        try JSONLines(path: path).append(line: "2")
        #expect(try folder.read("m.jsonl") == Array("{\"a\":1}\n2\n".utf8))
        let onlyHalf = try folder.write(half, to: "n.jsonl")
        try JSONLines(path: onlyHalf).append(line: "2")
        #expect(try folder.read("n.jsonl") == Array("2\n".utf8))
    }

    @Test func failedWritesLeaveWholeLines() throws {
        let folder = try TemporaryFolder()
        // Calls: 1 opens, then each write takes three bytes; the fourth fails in the middle of the second line.
        let lines = try JSONLines(path: folder("m"), calls: FailingCalls(failing: 4, largestWrite: 3).calls)
        try lines.append(line: "11")
        #expect(throws: StorageError.self) { try lines.append(line: "2222222") }
        #expect(try folder.read("m") == Array("11\n".utf8))
        try lines.append(line: "3")
        #expect(try folder.read("m") == Array("11\n3\n".utf8))
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "there is no /dev/full"))
    func fullDisk() throws {
        let lines = try JSONLines(path: "/dev/full")
        let error = #expect(throws: StorageError.self) { try lines.append(line: "1") }
        #expect(
            error?.description
                == "/dev/full cannot be written: No space left on device; free some space and run the same command again"
        )
    }

    @Test func manyWritersKeepLinesWhole() async throws {
        let folder = try TemporaryFolder()
        let lines = try JSONLines(path: folder("m"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask { for i in 0..<50 { try lines.append([writer, i]) } }
            }
            try await group.waitForAll()
        }
        let read = try JSONLines.lines(of: folder("m"))
        #expect(Set(read).count == 400)
        #expect(read.allSatisfy { $0.hasPrefix("[") && $0.hasSuffix("]") })
    }
}
