import Compute
import Networks
import TangentKernels

/// The empirical NTK of a mini-batch on a small net: conv 32, conv 64 with stride 2, conv 64 with stride 2, 3×3 SAME,
/// relu behind each, flatten, dense 10, on 32×32×3, standard parameterization.
struct EmpiricalNTKBenchmark: Benchmark {
    let name: String
    let form: EmpiricalNTK.Form
    let points: Int

    var unit: String { "pairs" }
    var work: Int { points * points }
    var flops: Double { EmpiricalNTK.flops(of: plan, form: form, points: points) }

    private let plan: NetworkPlan

    private init(_ name: String, _ form: EmpiricalNTK.Form, points: Int) throws {
        self.name = name
        self.form = form
        self.points = points
        func conv(_ width: Int, stride: Int) -> any Layer {
            Conv(
                filter: (3, 3), stride: (stride, stride), weightStd: 2.0.squareRoot(), biasStd: 0.05, width: width)
        }
        let architecture = Architecture([
            conv(32, stride: 1), Relu(), conv(64, stride: 2), Relu(), conv(64, stride: 2), Relu(), Flatten(),
            Dense(weightStd: 2.0.squareRoot(), biasStd: 0.05),
        ])
        plan = try NetworkPlan(
            architecture, input: ImageShape(height: 32, width: 32, channels: 3), outputs: 10, widths: .each([]),
            parameterization: .standard)
    }

    static func all(points: Int?) throws -> [EmpiricalNTKBenchmark] {
        [
            try EmpiricalNTKBenchmark("empirical-ntk-256", .full, points: points ?? 256),
            try EmpiricalNTKBenchmark("empirical-ntk-trace-256", .trace, points: points ?? 256),
        ]
    }

    func prepare(on backend: any Backend, _ precision: Precision) throws -> @Sendable () async throws -> Void {
        let network = try Network(
            plan, parameters: plan.initialParameters(.ntk, seed: 0), backend: backend, precision: precision)
        let inputs = RandomInputs.normal([points, 32, 32, 3], seed: 0)
        return { [form] in _ = try EmpiricalNTK(network, form: form).kernel(inputs) }
    }
}
