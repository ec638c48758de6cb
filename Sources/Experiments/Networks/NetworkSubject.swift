import Attacks
import Compute
import Networks

/// One finite net of a run: an item of `networks` with one of its seeds.
struct NetworkSubject: PredictorSetting {
    let section: NetworkSection
    /// Of the item in the configuration.
    let place: Int
    let name: String
    /// As the item says it.
    let seed: Int

    /// Its name, with the seed where the item has several.
    var label: String { section.seeds.count == 1 ? name : "\(name)-s\(seed)" }
    var suffix: String { label }
    var fields: [PlainValue.Member] { [.init("network", .text(name)), .init("seed", .integer(seed))] }
}

extension Configuration {
    /// All finite nets, in the order of the configuration.
    var networkSubjects: [NetworkSubject] {
        networkNames.enumerated().flatMap { place, name in
            networks[place].seeds.map {
                NetworkSubject(section: networks[place], place: place, name: name, seed: $0)
            }
        }
    }
}

/// Where the parameters of a net stand, `networks/<label>/`.
struct NetworkFiles: Sendable {
    let folder: String

    init(_ run: RunFolder, _ subject: NetworkSubject) { folder = "\(run.path)/networks/\(subject.label)" }

    /// What training goes on from; gone once it is done.
    var checkpoint: String { folder + "/checkpoint.npy" }

    /// Parameters behind a number of steps.
    func parameters(_ step: Int) -> String { "\(folder)/parameters_\(step).npy" }
}

extension AttackSection {
    /// What an attack without a class of its own moves points away from.
    var untargetedGoal: AttackGoal { target == .prediction ? .prediction : .label }

    /// The attack at its only radius.
    var threat: ThreatModel { ThreatModel(norm: norm, eps: eps[0], box: clip) }
}
