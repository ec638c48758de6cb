import Compute
import Testing

@testable import OpenCLBackend

/// Covariance programs where OpenCL refuses a call, and where a device's limits are too small.
@Suite(.needsOpenCL)
struct CovarianceFailureTests {
    private static let program = CovarianceCases.nets[1].program(5)

    /// One of everything.
    private static func use(_ backend: OpenCLBackend) throws -> [Double] {
        let inputs = try backend.prepared(program, CovarianceCases.random(9, 5, seed: 1), .float32)
        let matrices = try backend.matrices(rows: inputs, columns: inputs, tile: 6)
        let ones = try backend.upload([Double](repeating: 1, count: 9), as: backend.accumulatePrecision)
        let linearization = try backend.linearize(.ntk, rows: inputs, columns: inputs)
        let predictions = try backend.download(backend.predict(linearization, weights: ones, outputs: 1))
        let gradient = try backend.download(
            backend.pullback(linearization, cotangents: ones, count: 1, weights: ones, outputs: 1))
        let point = try backend.prepared(program, CovarianceCases.random(1, 5, seed: 2), .float32)
        let rowGradient = try backend.download(
            backend.gradient(
                .ntk, rows: point, columns: inputs, cotangents: ones, count: 1, weights: ones, outputs: 1))
        let ntk = try #require(matrices[.ntk]).tensor().elements
        return ntk + predictions + gradient + rowGradient
    }

    /// The n-th call fails, for n = 1, 2, …: a typed error, nothing leaked, and the next use works.
    @Test(arguments: CovarianceForm.allCases)
    func everyCall(form: CovarianceForm) throws {
        let monitor = CallMonitor(device: "device")
        let backend = try OpenCLBackend(Machine.device(), form: form, cache: nil, monitor: monitor)
        let expected = try Self.use(backend)
        let (objects, bytes) = (monitor.liveObjects, monitor.liveBytes)
        var isDone = false
        var n = 0
        while !isDone {
            n += 1
            monitor.failCall(n, with: .memoryAllocationFailure)
            do {
                _ = try Self.use(backend)
                isDone = monitor.stopFailing() == nil
                #expect(isDone, "call \(n) was refused and nobody noticed")
            } catch let error as ComputeError {
                #expect(error.kind == .outOfMemory)
                #expect(monitor.stopFailing() != nil)
            }
            #expect(try Self.use(backend) == expected, "call \(n)")
            #expect(monitor.liveObjects == objects && monitor.liveBytes == bytes, "call \(n)")
        }
        #expect(n > 100)
    }

    /// A device that cannot hold a table says so before anything is allocated.
    @Test func tooManyInputs() throws {
        let backend = try CovarianceCases.backend(.vector)
        let largest = backend.device.maximumAllocation
        let count = largest / (4 * 5) + 1000
        let program = Self.program
        let text = ScalarProgram(program)
        let parameters = try backend.upload(text.parameters, as: backend.accumulatePrecision)
        let source = ProgramSource(file: "Covariance/scalar_vector", precision: .float32)
        let error = try #require(throws: ComputeError.self) {
            try OpenCLInputs(
                program, count: count, precision: .float32, parameters: parameters, direction: parameters,
                source: source, rowSource: source, panel: 32, in: backend.context)
        }
        #expect(error.kind == .outOfMemory)
        #expect(
            error.description.hasSuffix(
                "on '\(backend.device.name)': a single buffer holds at most \(largest.byteSize); use fewer inputs or a device with more memory"
            ))
    }
}
