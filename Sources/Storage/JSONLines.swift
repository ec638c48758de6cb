import Foundation
import Synchronization

/// A file of one JSON value a line that only ever grows by whole lines.
///
/// A line goes out in one piece as soon as it is appended. Where the disk is full the piece that fitted is taken back;
/// where a crash left half a line, opening the file takes it back.
package final class JSONLines: Sendable {
    package let path: String
    private let calls: FileCalls
    private let descriptor: Int32
    /// Bytes of whole lines in the file.
    private let length: Mutex<Int>

    /// Opens the file, or creates it.
    package init(path: String, calls: FileCalls = .system) throws(StorageError) {
        self.path = path
        self.calls = calls
        do throws(SystemError) {
            descriptor = try calls.open(path, O_RDWR | O_CREAT)
        } catch { throw .writing(path, error) }
        do throws(SystemError) {
            let end = try Self.endOfLastLine(descriptor)
            length = Mutex(end)
        } catch {
            close(descriptor)
            throw .writing(path, error)
        }
    }

    deinit { close(descriptor) }

    /// Appends a value as one line; keys sorted, infinities and NaN as strings.
    ///
    /// - Throws: ``StorageError`` where the line could not be written, `EncodingError` where the value has no JSON.
    package func append(_ value: some Encodable) throws {
        try append(line: String(decoding: JSONEncoder.canonical.encode(value), as: UTF8.self))
    }

    /// Appends a text that is one line of JSON already.
    ///
    /// - Precondition: `line` holds no line break.
    package func append(line: String) throws(StorageError) {
        precondition(!line.utf8.contains(0x0a), "a line of \(path) holds a line break")
        let failure: StorageError? = length.withLock { length -> StorageError? in
            do throws(StorageError) {
                try FileSink(path: path, descriptor: descriptor, calls: calls).write(Array((line + "\n").utf8))
                length += line.utf8.count + 1
                return nil
            } catch {
                // Devices refuse to be cut, and have no half lines.
                _ = ftruncate(descriptor, off_t(length))
                lseek(descriptor, off_t(length), SEEK_SET)
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Waits until all lines are on the disk.
    package func synchronize() throws(StorageError) {
        do { try calls.sync(descriptor) } catch { throw .writing(path, error) }
    }

    /// The whole lines of a file, without their line breaks; none where it does not exist.
    package static func lines(of path: String) throws(StorageError) -> [String] {
        let file: FileReader
        do { file = try FileReader(path: path) } catch  where error.kind == .missing { return [] }
        let bytes = try file.read(upTo: file.size)
        let pieces = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        return pieces.dropLast().filter { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Cuts half a line off the end and leaves the position behind the last line break.
    private static func endOfLastLine(_ descriptor: Int32) throws(SystemError) -> Int {
        let size = Int(lseek(descriptor, 0, SEEK_END))
        guard size > 0 else { return 0 }
        var end = size
        var block = [UInt8](repeating: 0, count: 4096)
        while end > 0 {
            let start = max(0, end - block.count)
            let count = pread(descriptor, &block, end - start, off_t(start))
            guard count == end - start else { throw .last }
            if let lineBreak = block[..<count].lastIndex(of: 0x0a) {
                end = start + lineBreak + 1
                break
            }
            end = start
        }
        if end < size, ftruncate(descriptor, off_t(end)) != 0 { throw .last }
        lseek(descriptor, off_t(end), SEEK_SET)
        return end
    }
}
