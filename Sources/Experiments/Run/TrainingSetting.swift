/// What tells a predictor from the others of a run.
protocol PredictorSetting: Sendable {
    /// At the end of the names of its arrays.
    var suffix: String { get }
    /// For stages and progress.
    var label: String { get }
    /// What records begin or go on with.
    var fields: [PlainValue.Member] { get }
}

/// A ridge and a training time.
package struct TrainingSetting: PredictorSetting {
    /// As in the configuration.
    package let diagReg: Double
    /// Place of the ridge in the configuration's list; nil where there is one ridge only.
    let place: Int?
    package let time: Double

    /// `tinf`, or `reg1_tinf` where there are several ridges: how arrays are called.
    package var suffix: String { (place.map { "reg\($0)_" } ?? "") + "t\(timeText)" }

    /// For stages and progress: `t=inf`.
    var label: String { (place == nil ? "" : "diag_reg=\(PlainValue.format(diagReg)) ") + "t=\(timeText)" }

    var fields: [PlainValue.Member] {
        let time: PlainValue = time.isInfinite ? .text("inf") : .number(time)
        return [.init("time", time)] + (place == nil ? [] : [.init("diag_reg", .number(diagReg))])
    }

    private var timeText: String { time.isInfinite ? "inf" : PlainValue.format(time) }
}

extension Configuration {
    /// What is predicted with: every ridge at every training time.
    package var settings: [TrainingSetting] {
        let ridges = inference.diagReg
        return ridges.indices.flatMap { place in
            inference.time.map {
                TrainingSetting(diagReg: ridges[place], place: ridges.count > 1 ? place : nil, time: $0)
            }
        }
    }
}
