import Attacks
import Compute
import Networks
import Scheduling

extension NetworkStages {
    /// The trained net on all devices.
    func team() throws -> any TransferTeam {
        let networks = try stages.backends.map { try network(step: lastStep, on: $0, precision) }
        guard section.centred else { return PredictorTeam(predictors: networks) }
        return PredictorTeam(
            predictors: try networks.map {
                CentredModel($0, initial: try initialNetwork(on: $0.backend, precision))
            })
    }

    /// Records of the section `attacks` on the trained net.
    func attacked() async throws -> [ResultRecord] {
        guard stages.dataset.testInputs.count > 0 else { return [] }
        let team = try team()
        let clean = try await stages.journal.measure("predictions \(subject.label)") {
            try await team.predictions(at: stages.dataset.testInputs)
        }
        if stages.configuration.save.contains(.predictions) {
            try stages.folder.export(clean, "predictions_\(subject.suffix)", .float64)
        }
        return try await team.evaluate(subject, clean, stages)
    }
}
