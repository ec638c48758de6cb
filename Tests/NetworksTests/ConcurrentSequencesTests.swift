import CPUBackend
import Compute
import TestSupport
import Testing

/// Sequences of operations that a backend may run side by side.
@Suite struct ConcurrentSequencesTests {
    /// Each sequence reads what it has just written; one, two and many of them, empty ones too.
    @Test(arguments: NetworkBackend.available, [0, 1, 2, 37])
    func orderWithinASequence(on backend: NetworkBackend, count: Int) throws {
        let backend = try backend.make()
        let size = 100
        let source = try backend.upload((0..<size).map(Double.init), as: .float64)
        let target = try backend.upload([Double](repeating: 0, count: max(count, 1) * size), as: .float64)
        try backend.concurrently(count) { (backend, index) throws(ComputeError) in
            let own = try backend.allocate(size, .float64)
            try backend.run(.axpby(source, beta: 0, into: own, count: size))
            for _ in 0..<3 { try backend.run(.axpby(own, into: own, count: size)) }
            try backend.run(.axpby(alpha: Double(index), own, into: target, at: index * size, count: size))
        }
        let wanted = (0..<max(count, 1) * size).map { Double(8 * ($0 / size) * ($0 % size)) }
        #expect(try backend.download(target) == wanted)
    }

    /// The error of a sequence reaches the caller.
    @Test(arguments: NetworkBackend.available)
    func errors(on backend: NetworkBackend) throws {
        let error = ComputeError(.operationFailed, operation: "counting", device: "fingers", advice: "stop at ten")
        #expect(throws: error) {
            try backend.make().concurrently(20) { (_, index) throws(ComputeError) in
                if index == 11 { throw error }
            }
        }
    }

    /// How many threads there are changes no bit of a net's derivatives. In a process of its own: solves that run beside
    /// it would change how many threads OpenBLAS takes for each part.
    @Test func threads() async {
        await #expect(processExitsWith: .success) {
            for example in RandomNetwork.all {
                let one = try Self.derivatives(of: example, threads: 1)
                #expect(try one == Self.derivatives(of: example, threads: 2), "\(example)")
            }
        }
    }

    /// Predictions and gradients in parameters and inputs, for enough points to have several groups of windows.
    private static func derivatives(of example: RandomNetwork, threads: Int) throws -> [Double] {
        let backend = CPUBackend(threads: threads)
        let network = try example.network(backend, .float32)
        let points = try backend.upload(example.points(600).elements, as: .float32)
        let evaluation = try network.evaluate(points, count: 600)
        let gradient = try backend.allocate(network.plan.parameterCount, .float32)
        let cotangents = try backend.upload(example.cotangents(600), as: .float32)
        try evaluation.parameterGradient(cotangents: cotangents, into: gradient)
        return try evaluation.predictions().elements + backend.download(gradient)
            + backend.download(evaluation.inputGradient(cotangents: cotangents))
    }
}
