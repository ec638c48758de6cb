/// Where things are kept that can be computed again.
package enum CacheFolder {
    /// `$XDG_CACHE_HOME/ntk` or `~/.cache/ntk`; nil where neither is known.
    /// - Parameter environment: of the process.
    package static func path(environment: [String: String]) -> String? {
        // Relative values are to be ignored, says the XDG specification.
        if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") { return cache + "/ntk" }
        if let home = environment["HOME"], home.hasPrefix("/") { return home + "/.cache/ntk" }
        return nil
    }
}
