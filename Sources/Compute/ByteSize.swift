extension Int {
    /// This number of bytes in words, rounded up: `950 B`, `2 KiB`, `4578 MiB`, `19 GiB`.
    package var byteSize: String {
        switch self {
        case ..<1024: "\(self) B"
        case ..<(1 << 20): "\((self + 1023) >> 10) KiB"
        case ..<(10 << 30): "\((self + (1 << 20) - 1) >> 20) MiB"
        default: "\((self + (1 << 30) - 1) >> 30) GiB"
        }
    }
}
