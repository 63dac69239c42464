"""fastlb: an Apache-style load balancer with a compiled data path."""
