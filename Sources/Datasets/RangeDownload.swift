import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// One HTTP transfer into an open file that may hold the beginning already.
///
/// Source: RFC 9110, section 14 (range requests): `Range: bytes=N-` is answered with 206 and the rest, with 200 and the
/// whole by servers that cannot, and with 416 where there is nothing after N.
final class RangeDownload: NSObject, URLSessionDataDelegate, Sendable {
    /// Bytes there are, and bytes there will be where the server says so.
    typealias Progress = @Sendable (_ done: Int, _ total: Int?) -> Void

    enum Outcome: Sendable, Equatable {
        case complete
        /// The file holds as much as the server has, or more.
        case nothingLeft
    }

    private struct State {
        var done: Int
        var total: Int?
        var outcome = Outcome.complete
        var failure: String?
        var continuation: CheckedContinuation<Void, Never>?
    }

    private let url: URL
    private let descriptor: Int32
    private let progress: Progress
    private let state: Mutex<State>

    init(url: URL, descriptor: Int32, progress: @escaping Progress) {
        self.url = url
        self.descriptor = descriptor
        self.progress = progress
        state = Mutex(State(done: Int(max(0, lseek(descriptor, 0, SEEK_END)))))
    }

    /// Transfers what is missing.
    ///
    /// - Throws: ``DatasetError``; what has arrived until then stays in the file.
    func run() async throws(DatasetError) -> Outcome {
        let start = state.withLock { $0.done }
        var request = URLRequest(url: url)
        // A coding on the way would make the ranges those of other bytes.
        request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
        if start > 0 { request.setValue("bytes=\(start)-", forHTTPHeaderField: "Range") }
        let queue = OperationQueue()
        queue.maxConcurrentOperationCount = 1
        let session = URLSession(configuration: .ephemeral, delegate: self, delegateQueue: queue)
        defer { session.invalidateAndCancel() }
        let task = session.dataTask(with: request)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { $0.continuation = continuation }
                task.resume()
            }
        } onCancel: {
            task.cancel()
        }
        let end = state.withLock { $0 }
        var failure = end.failure
        if failure == nil, end.outcome == .complete, let total = end.total, total != end.done {
            failure = "the connection ended after \(end.done) of \(total) bytes"
        }
        if let failure {
            throw DatasetError(
                .download,
                "\(url.absoluteString) could not be downloaded: \(failure); run the same command again to go on from there"
            )
        }
        return end.outcome
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping (URLSession.ResponseDisposition) -> Void
    ) {
        let isWanted = state.withLock { state in
            guard let response = response as? HTTPURLResponse else {
                state.failure = "the answer is not HTTP"
                return false
            }
            switch response.statusCode {
            case 200:
                state.done = 0
                guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
                    state.failure = String(cString: strerror(errno))
                    return false
                }
            case 206:
                let range = response.value(forHTTPHeaderField: "Content-Range") ?? ""
                guard range.lowercased().hasPrefix("bytes \(state.done)-") else {
                    state.failure = "the server sent another range ('\(range)') than byte \(state.done) on"
                    return false
                }
            case 416 where state.done > 0:
                state.outcome = .nothingLeft
                return false
            default:
                state.failure = "the server answered \(response.statusCode)"
                return false
            }
            let length = response.expectedContentLength
            state.total = length >= 0 ? state.done + Int(length) : nil
            return true
        }
        completionHandler(isWanted ? .allow : .cancel)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let (failed, done, total) = state.withLock { state in
            if state.failure == nil {
                for region in data.regions where state.failure == nil {
                    region.withUnsafeBytes { bytes in
                        var rest = bytes[...]
                        while !rest.isEmpty {
                            let part = UnsafeRawBufferPointer(rebasing: rest)
                            let count = write(descriptor, part.baseAddress, part.count)
                            if count < 0 && errno == EINTR { continue }
                            guard count > 0 else {
                                state.failure = String(cString: strerror(errno))
                                return
                            }
                            state.done += count
                            rest = rest.dropFirst(count)
                        }
                    }
                }
            }
            return (state.failure != nil, state.done, state.total)
        }
        if failed { dataTask.cancel() } else { progress(done, total) }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        let continuation = state.withLock { state in
            if let error, state.failure == nil, state.outcome == .complete {
                state.failure = error.localizedDescription
            }
            defer { state.continuation = nil }
            return state.continuation
        }
        continuation?.resume()
    }
}
