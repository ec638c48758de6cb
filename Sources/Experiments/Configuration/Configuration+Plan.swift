import Datasets
import TangentKernels

extension Configuration {
    /// What the planner makes of the net on inputs of the data set; nil for arrays, whose shape only they know.
    package func plan() throws -> PlanSummary? {
        guard let shape = DatasetRegistry.standard[data.name]?.imageShape else { return nil }
        let architecture = try architecture()
        do throws(ArchitectureError) {
            return PlanSummary(try architecture.program(height: shape[0], width: shape[1], channels: shape[2]))
        } catch {
            throw self.error(at: "model", error.description)
        }
    }
}
