#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// log(1 + exp z) without overflow or cancellation.
func softplus(_ z: Double) -> Double { max(z, 0) + log1p(exp(-abs(z))) }

/// 1 / (1 + exp(−z)) without overflow or cancellation.
func sigmoid(_ z: Double) -> Double { z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z)) }

func exp(_ x: Double) -> Double {
    #if canImport(Glibc)
        Glibc.exp(x)
    #else
        Darwin.exp(x)
    #endif
}

func log(_ x: Double) -> Double {
    #if canImport(Glibc)
        Glibc.log(x)
    #else
        Darwin.log(x)
    #endif
}

func cos(_ x: Double) -> Double {
    #if canImport(Glibc)
        Glibc.cos(x)
    #else
        Darwin.cos(x)
    #endif
}

func tanh(_ x: Double) -> Double {
    #if canImport(Glibc)
        Glibc.tanh(x)
    #else
        Darwin.tanh(x)
    #endif
}

func atanh(_ x: Double) -> Double {
    #if canImport(Glibc)
        Glibc.atanh(x)
    #else
        Darwin.atanh(x)
    #endif
}

func sin(_ x: Double) -> Double {
    #if canImport(Glibc)
        Glibc.sin(x)
    #else
        Darwin.sin(x)
    #endif
}
