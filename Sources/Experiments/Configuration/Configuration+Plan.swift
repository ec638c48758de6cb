import Compute
import Datasets
import TangentKernels

extension Configuration {
    /// The net on inputs of a shape, [d] or [H, W, C].
    /// - Parameter path: of the section that describes the net.
    package func program(inputShape shape: [Int], at path: String = "model") throws -> CovarianceProgram {
        if path == "model", kernel.predicting == nil {
            throw error(at: "kernel.type", "is none, so there is no Gram matrix to compute")
        }
        let architecture = try architecture(at: path)
        do throws(ArchitectureError) {
            return shape.count == 3
                ? try architecture.program(height: shape[0], width: shape[1], channels: shape[2])
                : try architecture.program(channels: shape.reduce(1, *))
        } catch {
            throw self.error(at: path, error.description)
        }
    }

    /// What the planner makes of the net on inputs of the data set; nil for arrays, whose shape only they know, and
    /// where no kernel is wanted.
    package func plan() throws -> PlanSummary? {
        guard kernel.predicting != nil, let shape = DatasetRegistry.standard[data.name]?.imageShape else { return nil }
        return PlanSummary(try program(inputShape: shape))
    }

    /// Where the Gram matrix would live and how its equations would be solved on one device; nil where the configuration
    /// alone does not say how many points there are.
    package func solvePlan() throws -> SolvePlan? {
        guard let shape = DatasetRegistry.standard[data.name]?.imageShape, let points = data.train else { return nil }
        let classes = data.classes?.count ?? 10
        let sizes = SolvePlan.Sizes(
            points: points, testPoints: data.test ?? 10_000, dimension: shape.reduce(1, *),
            outputs: classes == 2 ? 1 : classes)
        return SolvePlan(self, sizes, geometry: try program(inputShape: shape).geometry, devices: 1)
    }
}
