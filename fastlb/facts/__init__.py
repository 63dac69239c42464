"""The frozen facts of a configuration, which every other part of fastlb rests on."""
