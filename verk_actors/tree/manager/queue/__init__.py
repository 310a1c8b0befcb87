"""One queue: QueueManager, WorkerPool and WorkersManager, under the QueueSupervisor."""
