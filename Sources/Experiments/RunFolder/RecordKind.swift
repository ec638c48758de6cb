/// What a record is about: the value of its key `kind`. Records without that key are those of attacks and times.
///
/// The keys of each kind stand in FeatureResults.md and NetworkResults.md. `metrics.jsonl` holds the records of all kinds; as tables, those
/// of a kind stand in a file of their own.
package enum RecordKind: String, Sendable, CaseIterable {
    /// One eigen-feature under one attack at one radius.
    case feature
    /// One truncated kernel machine under one attack at one radius.
    case machine
    /// The gradients of one feature in two architectures.
    case similarity
    /// What the features of one architecture say together.
    case featuresSummary = "features-summary"
    /// Distances of the nearest adversarial points that one attack found.
    case distance
    /// One model at the adversarial points of another one.
    case transfer
    /// The loss gradients of two models.
    case gradientSimilarity = "gradient-similarity"
    /// How the equations of one ridge were solved, where they were not solved directly in memory.
    case solve
    /// A finite net behind some epochs of its training.
    case epoch
    /// The empirical NTK of a finite net at a moment of its training.
    case dynamics
    /// A finite net and the infinitely wide one at the same time of training.
    case comparison
    /// A reason to doubt the results.
    case warning

    /// Name of the table.
    package var table: String {
        switch self {
        case .feature: "features.csv"
        case .machine: "machines.csv"
        case .similarity: "similarities.csv"
        case .featuresSummary: "features-summary.csv"
        case .distance: "distances.csv"
        case .transfer: "transfer.csv"
        case .gradientSimilarity: "gradient-similarities.csv"
        case .solve: "solves.csv"
        case .epoch: "epochs.csv"
        case .dynamics: "dynamics.csv"
        case .comparison: "comparisons.csv"
        case .warning: "warnings.csv"
        }
    }
}

extension ResultRecord {
    /// nil for records of attacks and times.
    package var kind: RecordKind? { text("kind").flatMap { RecordKind(rawValue: $0) } }
}
