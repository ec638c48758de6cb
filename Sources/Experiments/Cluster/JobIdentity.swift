import Foundation

/// Where in a cluster this process runs, for the entries of logs.
enum JobIdentity {
    /// The host, and the ids that the queue gave the job, as far as there are any.
    static let fields: [String: String] = {
        let environment = ProcessInfo.processInfo.environment
        let names = [
            "SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_RESTART_COUNT", "PBS_JOBID", "JOB_ID",
            "JOB_COMPLETION_INDEX", "OMPI_COMM_WORLD_RANK",
        ]
        var fields = [
            "host": ProcessInfo.processInfo.hostName, "process": "\(ProcessInfo.processInfo.processIdentifier)",
        ]
        for name in names { fields[name.lowercased()] = environment[name] }
        return fields
    }()
}
