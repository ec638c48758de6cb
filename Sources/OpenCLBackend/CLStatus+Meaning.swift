import Compute

extension CLStatus {
    /// Whose fault the status is.
    var kind: ComputeError.Kind {
        switch rawValue {
        case -1, -2, -3, -18, -32, -33, -68, -1001, -2044, -2045: .deviceUnavailable
        case -4, -5, -6, -61, -1007, -1008, -1009, -1010, -1011, -2042, -2050: .outOfMemory
        case -11, -15, -16, -17, -42, -43, -44, -45, -46, -47, -48, -66, -67: .buildFailed
        default: .operationFailed
        }
    }

    /// What a user can do; empty where nothing sensible can be said.
    var advice: String {
        switch rawValue {
        case -1, -2, -32, -33, -1001: "see `ntk devices` for what is there"
        case -3, -16: "install a driver with a compiler or set compute.backend to cpu"
        case -4, -5, -61, -2050: "lower compute.tile"
        case -6: "lower compute.tile or use a machine with more memory"
        case -11, -15, -17: "update the device's driver or set compute.backend to cpu"
        case -18, -68: "ask for fewer compute units per device"
        case -2044: "set compute.precision to float32"
        default: ""
        }
    }
}
