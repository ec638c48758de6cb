import Foundation
import Synchronization

/// A small HTTP/1.1 server on 127.0.0.1 for one test: files from memory, with or without ranges, and with mishaps.
///
/// It serves one connection at a time, closes each after its answer, and ends with the test or after 30 seconds.
final class RangeServer: Sendable {
    struct Behaviour: Sendable {
        /// Answers 206 to ranges; otherwise always 200 with the whole.
        var knowsRanges = true
        /// The first so many answers with a body break off after `cut` bytes of it.
        var cutAnswers = 0
        var cut = 0
    }

    struct Request: Sendable, Equatable {
        let path: String
        /// Of `Range: bytes=N-`.
        let start: Int?
    }

    private struct State {
        var files: [String: [UInt8]]
        var behaviour: Behaviour
        var requests: [Request] = []
        var isOver = false
    }

    private let state: Mutex<State>
    private let socket: Int32
    let url: String

    init(_ files: [String: [UInt8]] = [:], _ behaviour: Behaviour = Behaviour()) throws {
        state = Mutex(State(files: files, behaviour: behaviour))
        #if canImport(Glibc)
            socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            socket = Darwin.socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let socket = self.socket
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, length) == 0 && listen(socket, 8) == 0 && getsockname(socket, $0, &length) == 0
            }
        }
        guard isListening else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        Thread { [weak self] in
            let deadline = Date().addingTimeInterval(30)
            while Date() < deadline, let server = self, server.serveNext() {}
        }.start()
    }

    deinit { close(socket) }

    func stop() { state.withLock { $0.isOver = true } }
    var requests: [Request] { state.withLock { $0.requests } }
    func serve(_ bytes: [UInt8], at path: String) { state.withLock { $0.files[path] = bytes } }
    func behave(_ behaviour: Behaviour) { state.withLock { $0.behaviour = behaviour } }

    /// Waits a moment for a connection; whether to go on.
    private func serveNext() -> Bool {
        if state.withLock({ $0.isOver }) { return false }
        var poller = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard poll(&poller, 1, 50) > 0 else { return true }
        let connection = accept(socket, nil, nil)
        guard connection >= 0 else { return true }
        defer { close(connection) }
        var request: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !request.suffix(4).elementsEqual([13, 10, 13, 10]) {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0, request.count < 65_536 else { return true }
            request += buffer[..<count]
        }
        send(answer(String(decoding: request, as: UTF8.self)), to: connection)
        return true
    }

    private func answer(_ text: String) -> [UInt8] {
        let lines = text.split(separator: "\r\n")
        let path = String(lines[0].split(separator: " ")[1])
        let range = lines.first { $0.lowercased().hasPrefix("range: bytes=") }
        let start = range.flatMap { Int($0.dropFirst(13).dropLast()) }
        return state.withLock { state in
            state.requests.append(Request(path: path, start: start))
            guard let file = state.files[path] else { return head("404 Not Found", 0) }
            var body = file[...]
            var answer = head("200 OK", file.count)
            if let start, state.behaviour.knowsRanges {
                guard start < file.count else { return head("416 Range Not Satisfiable", 0) }
                body = file[start...]
                answer = head(
                    "206 Partial Content", body.count,
                    "Content-Range: bytes \(start)-\(file.count - 1)/\(file.count)\r\n")
            }
            if state.behaviour.cutAnswers > 0 {
                state.behaviour.cutAnswers -= 1
                body = body.prefix(state.behaviour.cut)
            }
            return answer + body
        }
    }

    private func head(_ status: String, _ length: Int, _ more: String = "") -> [UInt8] {
        Array("HTTP/1.1 \(status)\r\nContent-Length: \(length)\r\n\(more)Connection: close\r\n\r\n".utf8)
    }

    private func send(_ bytes: [UInt8], to connection: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
