import Compute
import Datasets
import TangentKernels

extension Configuration {
    /// The net on inputs of a shape, [d] or [H, W, C].
    /// - Parameter path: of the section that describes the net.
    func program(inputShape shape: [Int], at path: String = "model") throws -> CovarianceProgram {
        let architecture = try architecture(at: path)
        do throws(ArchitectureError) {
            return shape.count == 3
                ? try architecture.program(height: shape[0], width: shape[1], channels: shape[2])
                : try architecture.program(channels: shape.reduce(1, *))
        } catch {
            throw self.error(at: path, error.description)
        }
    }

    /// What the planner makes of the net on inputs of the data set; nil for arrays, whose shape only they know.
    package func plan() throws -> PlanSummary? {
        guard let shape = DatasetRegistry.standard[data.name]?.imageShape else { return nil }
        return PlanSummary(try program(inputShape: shape))
    }
}
