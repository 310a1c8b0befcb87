"""The Manager and the supervisors of the queues, under the ManagerSupervisor."""
