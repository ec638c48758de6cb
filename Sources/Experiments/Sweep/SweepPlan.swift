import Compute
import Datasets
import Foundation
import Storage

/// All runs of a sweep, resolved and checked before the first one starts.
package struct SweepPlan: Sendable {
    /// The configuration with its `sweep` section.
    package let configuration: Configuration
    /// The sweep's folder, which holds those of its runs.
    package let path: String
    package let runs: [SweepRun]

    /// Reads the configuration, resolves every run, and reads every data set that they need.
    /// - Parameters:
    ///   - overrides: the command line's, for all runs; what the sweep sets wins over them.
    /// - Throws: `ConfigurationError`, `DatasetError`, `StorageError`.
    package init(
        _ file: String, overrides: [String], version: BuildVersion,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        configuration = try Configuration.load(file, overrides: overrides, environment: environment)
        guard let sweep = configuration.sweep else {
            throw ConfigurationError(
                "there is no sweep section, so there is one run; start it with ntk run", at: .file(file, line: nil))
        }
        let assignments = sweep.assignments
        guard !assignments.isEmpty else {
            throw configuration.error(at: "sweep", "no run is left: everything is excluded")
        }
        path = configuration.output ?? "runs/\(Configuration.name(ofFile: file))"
        let variants = try Configuration.load(
            file, variants: assignments.map { overrides + ["sweep=", "launcher="] + $0.overrides },
            environment: environment)
        var origins: [GramKey: GramOrigin] = [:]
        var runs: [SweepRun] = []
        for (assignment, variant) in zip(assignments, variants) {
            let key = GramKey(variant)
            if origins[key] == nil {
                let dataset = try Dataset.load(variant.data.request)
                if variant.kernel.predicting != nil { _ = try variant.program(inputShape: dataset.inputShape) }
                origins[key] = try GramOrigin(variant, dataset, version)
            }
            guard let origin = origins[key] else { preconditionFailure("the origin has just been made") }
            let id = try variant.runID
            // Two assignments may ask for the same run, e.g. where a key has no meaning beside another one.
            guard !runs.contains(where: { $0.id == id }) else { continue }
            var configuration = variant
            configuration.output = "\(path)/\(id)"
            runs.append(
                SweepRun(
                    id: id, assignment: assignment, gram: try Fingerprint(encoding: origin.attributes).short,
                    configuration: configuration))
        }
        self.runs = runs
    }
}

/// One run of a sweep.
package struct SweepRun: Sendable {
    /// Digest of the resolved configuration.
    package let id: String
    package let assignment: SweepAssignment
    /// Runs of the same Gram matrix have the same digest of its origin.
    package let gram: String
    /// Resolved, without the sweep.
    package let configuration: Configuration
}

/// What a Gram matrix depends on, in the words of a configuration: several spellings may mean the same matrix, but not
/// the other way round.
private struct GramKey: Hashable {
    let data: DataSection
    let model: ModelSection
    let precision: Precision

    init(_ configuration: Configuration) {
        data = configuration.data
        model = configuration.model
        precision = configuration.compute.precision
    }
}

extension Configuration {
    /// Names the run: a digest of all that tells it from others.
    package var runID: String {
        get throws(StorageError) { String(try Fingerprint(of: canonical).hex.prefix(10)) }
    }
}
